import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The near end (`127.0.0.1:40123`) of a process's IPv4 connection to a port; '' while it has none. */
export function connectionOf(pid: number, port: number): string {
  const inodes = new Set(descriptors(pid).map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]));
  for (const row of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local = '', remote = '', state, , , , , , inode = ''] = row.trim().split(/\s+/);
    const established = state === '01';
    if (established && portOf(remote) === port && inodes.has(inode)) return `${ipOf(local)}:${portOf(local)}`;
  }
  return '';
}

function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // It ended meanwhile, or closed one of them.
    return [];
  }
}

const portOf = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16);

// The kernel prints the four bytes in the order of the machine's words, which are little-endian.
const ipOf = (address: string): string =>
  (address.split(':')[0]?.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)).join('.');
