import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { which } from './processes.js';

export type Need = 'mariadb' | 'redis' | 'chromium' | 'asterisk-16' | 'asterisk-22' | 'sipp' | 'baresip' | 'openssl' | 'ipv6' | 'mount' | 'faketime' | 'odbc';

declare module 'vitest' {
  interface TaskMeta {
    /** Why this machine cannot run it; the reporter prints it. */
    cannotRun?: string;
  }
}

/** Where install.sh keeps the Asterisks. */
export function cacheFolder(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['LOGBOOK_CACHE'] ?? join(caches, 'asterisk-logbook');
}

export function chromiumPath(): string | null {
  return process.env['LOGBOOK_CHROMIUM'] ?? which('chromium') ?? which('chromium-browser') ?? which('google-chrome');
}

/** Why this machine cannot give what a test needs, or null when it can. */
export function whyNot(need: Need): string | null {
  switch (need) {
    case 'mariadb':
      return programs(need, 'mariadbd', 'mariadb-install-db');
    case 'redis':
      return programs(need, 'redis-server');
    case 'chromium':
      return chromiumPath() === null ? 'chromium is not installed' : null;
    case 'asterisk-16':
    case 'asterisk-22':
      if (process.getuid?.() !== 0) return `${need} runs in a chroot, which needs root`;
      if (!existsSync(join(cacheFolder(), need, '.complete'))) return `${need} is not installed (test/support/install.sh needs root and Debian)`;
      return programs(need, 'chroot', 'openssl');
    case 'ipv6':
      return existsSync('/proc/net/if_inet6') ? null : 'this machine has no IPv6';
    case 'mount':
      return mountable();
    case 'faketime':
      return libFaketime() === null ? 'libfaketime is not installed' : null;
    case 'odbc':
      return existsSync(join(cacheFolder(), 'asterisk-16/usr/share/odbc-mariadb')) ? null : "MariaDB's ODBC driver is not installed in Asterisk 16's root";
    case 'sipp':
    case 'baresip':
    case 'openssl':
      return programs(need, need);
  }
}

/** The library that lets one process live by another clock. */
export function libFaketime(): string | null {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return folders.map((folder) => join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1')).find(existsSync) ?? null;
}

function mountable(): string | null {
  const missing = programs('mount', 'unshare', 'nsenter', 'mount');
  if (missing !== null) return missing;
  try {
    execFileSync('unshare', ['--mount', '--', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'this user may not mount a tmpfs';
  }
}

function programs(need: Need, ...names: readonly string[]): string | null {
  const missing = names.filter((name) => which(name) === null);
  return missing.length === 0 ? null : `${need}: ${missing.join(' and ')} is not installed`;
}

/** `describe` where the machine has what it needs; elsewhere its tests are skipped by name, with the reason. */
export function describeWith(needs: readonly Need[], name: string, body: () => void): void {
  const reasons = missing(needs);
  if (reasons === null) describe(name, body);
  else describe.skip(name, { meta: { cannotRun: reasons } }, body);
}

/** The same for a single test. */
export function itWith(needs: readonly Need[], name: string, body: () => Promise<void>): void {
  const reasons = missing(needs);
  if (reasons === null) it(name, body);
  else it.skip(name, { meta: { cannotRun: reasons } }, body);
}

function missing(needs: readonly Need[]): string | null {
  const reasons = needs.map(whyNot).filter((reason) => reason !== null);
  return reasons.length === 0 ? null : [...new Set(reasons)].join('; ');
}
