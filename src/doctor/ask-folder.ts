import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** What can be written to a folder, which need not exist yet: `start` makes it. */
export interface FolderFacts {
  readonly place: string;
  readonly writable: boolean;
  /** Null where the system does not tell. */
  readonly freeBytes: number | null;
}

/** Looks and changes nothing. Never rejects. */
export async function askFolder(place: string): Promise<FolderFacts> {
  const folder = await nearestFolder(resolve(place));
  const disk = await statfs(folder).catch(() => null);
  return { place, writable: await allowed(folder, constants.W_OK), freeBytes: disk === null ? null : disk.bavail * disk.bsize };
}

/** The folder itself, or the one above it that exists. */
async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => null);
  return found !== null || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

export const allowed = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
