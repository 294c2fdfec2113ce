import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { IANAZone } from 'luxon';
import { z } from 'zod';
import { InvalidConfigError } from './errors.js';
import { ARCHIVE_FORMATS } from './retention/archive-file.js';
import type { RetentionConfig } from './retention/retain.js';

export interface Config {
  /** Null: no PBX is set, the demo runs. */
  readonly ami: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly secret: string;
    readonly tls: boolean;
    /** PEM text of the PBX's certificate, or of the authority that signed it; null: encrypted, not verified. */
    readonly tlsCa: string | null;
  } | null;
  readonly pbxName: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly http: { readonly host: string; readonly port: number; readonly trustProxy: boolean | number | string };
  readonly admin: { readonly username: string; readonly password: string | null };
  readonly reconcileEveryMs: number;
  readonly timeZone: string;
  /** Where the calls that AMI missed are read; a zone that is null is the PBX's own (src/recovery/source-clock.ts). */
  readonly recovery: {
    readonly csv: { readonly path: string; readonly zone: string | null } | null;
    readonly sql: { readonly url: string; readonly table: string; readonly zone: string | null } | null;
  };
  /** What was heard and is not written yet; `maxMb` is where events of little value are left out. */
  readonly spool: { readonly dir: string; readonly maxMb: number };
  /** How many whole days each log keeps its rows, by the log's name, null for ever; and where they are written to before they leave. */
  readonly retention: RetentionConfig;
  readonly logLevel: string;
}

const text = z.string().trim().min(1);
const port = z.coerce.number().int().min(1).max(65_535);
const zone = z.string().refine((name) => IANAZone.isValidZone(name), 'must be a zone such as Europe/Rome');
const days = z.coerce.number().int().min(1).max(36_500);
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const settings = z.object({
  AMI_HOST: text.optional(),
  AMI_PORT: port.optional(),
  AMI_USERNAME: text.optional(),
  AMI_SECRET: z.string().min(1).optional(),
  AMI_TLS: z.enum(['0', '1'], 'must be 0 or 1').default('0'),
  AMI_TLS_CA: text.optional(),
  PBX_NAME: text.max(64).default('asterisk'),
  DATABASE_URL: z
    .string()
    .refine((url) => url.startsWith('sqlite:') ? url.length > 'sqlite:'.length : /^(mysql|mariadb):\/\/[^/]+\/.+$/.test(url) && isUrl(url), 'must be sqlite:PATH or mysql://user:password@host:3306/database, with %XX for special characters')
    .optional(),
  REDIS_URL: z.string().refine((url) => /^rediss?:\/\/.+$/.test(url) && isUrl(url), 'must be redis://host:6379').optional(),
  HTTP_HOST: text.default('127.0.0.1'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  // HTTP Basic ends the name at the first colon.
  ADMIN_USERNAME: text.max(128).regex(/^[^:\p{Cc}]+$/u, 'must have neither a colon nor control characters').default('admin'),
  ADMIN_PASSWORD: z.string().min(8, 'must have 8 characters or more').optional(),
  RECONCILE_EVERY_S: z.coerce.number().min(1).max(86_400).optional(),
  TIME_ZONE: zone.optional(),
  CDR_CSV: text.optional(),
  CDR_CSV_ZONE: zone.optional(),
  CDR_SQL_URL: z.string().refine((url) => /^(mysql|mariadb):\/\/[^/]+\/.+$/.test(url) && URL.canParse(url), 'must be mysql://user:password@host:3306/database').optional(),
  CDR_SQL_TABLE: z.string().regex(/^[\w$]+(\.[\w$]+)?$/, 'must be the name of a table, such as cdr').default('cdr'),
  CDR_SQL_ZONE: zone.optional(),
  SPOOL_DIR: text.optional(),
  SPOOL_MAX_MB: z.coerce.number().int().min(1).max(1_000_000).default(2_048),
  RETAIN_CALLS_DAYS: days.optional(),
  RETAIN_SIP_SESSIONS_DAYS: days.optional(),
  RETAIN_WEB_SESSIONS_DAYS: days.optional(),
  ARCHIVE_DIR: text.optional(),
  ARCHIVE_FORMAT: z.enum(ARCHIVE_FORMATS, `must be one of ${ARCHIVE_FORMATS.join(', ')}`).default('csv'),
  TRUST_PROXY: z.string().refine(isTrust, 'must be 0, the number of proxies, or their addresses, such as 10.0.0.1, 192.168.0.0/16 or loopback').optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

/** What a demo shows must never stand among real calls. */
const OWN_DATABASE = 'sqlite:./data/logbook.sqlite';
const DEMO_DATABASE = 'sqlite:./data/demo.sqlite';
const OWN_SPOOL = './data/spool';
const DEMO_SPOOL = './data/demo-spool';

/** The settings that hold a secret, or may: each can also come from a file named by `NAME_FILE`. */
export const SECRETS = ['AMI_SECRET', 'DATABASE_URL', 'REDIS_URL', 'ADMIN_PASSWORD', 'CDR_SQL_URL'] as const;

/**
 * Checks the environment and answers one frozen Config.
 * Throws InvalidConfigError that lists every bad name at once, and never prints a value.
 */
export function settingsFrom(environment: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const given = withFiles(environment, problems);
  const parsed = settings.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  if (given['AMI_HOST'] !== undefined) {
    for (const name of ['AMI_USERNAME', 'AMI_SECRET']) {
      if (given[name] === undefined) problems.push(`${name}: is needed when AMI_HOST is set`);
    }
  }
  const tlsCa = pemOf(given['AMI_TLS_CA'], problems);
  if (!parsed.success || problems.length > 0) throw new InvalidConfigError(problems);
  const s = parsed.data;
  const tls = s.AMI_TLS === '1';
  return Object.freeze({
    ami:
      s.AMI_HOST === undefined
        ? null
        : {
            host: s.AMI_HOST,
            port: s.AMI_PORT ?? (tls ? 5039 : 5038),
            username: s.AMI_USERNAME ?? '',
            secret: s.AMI_SECRET ?? '',
            tls,
            tlsCa,
          },
    pbxName: s.PBX_NAME,
    databaseUrl: s.DATABASE_URL ?? (s.AMI_HOST === undefined ? DEMO_DATABASE : OWN_DATABASE),
    redisUrl: s.REDIS_URL ?? null,
    http: { host: s.HTTP_HOST, port: s.HTTP_PORT, trustProxy: trustProxy(s.TRUST_PROXY) },
    admin: { username: s.ADMIN_USERNAME, password: s.ADMIN_PASSWORD ?? null },
    // Whoever looks at the demo for the first time should not see a minute of loose connections.
    reconcileEveryMs: (s.RECONCILE_EVERY_S ?? (s.AMI_HOST === undefined ? 5 : 60)) * 1_000,
    timeZone: s.TIME_ZONE ?? systemZone(),
    recovery: {
      csv: s.CDR_CSV === undefined ? null : { path: s.CDR_CSV, zone: s.CDR_CSV_ZONE ?? null },
      sql: s.CDR_SQL_URL === undefined ? null : { url: s.CDR_SQL_URL, table: s.CDR_SQL_TABLE, zone: s.CDR_SQL_ZONE ?? null },
    },
    spool: { dir: s.SPOOL_DIR ?? (s.AMI_HOST === undefined ? DEMO_SPOOL : OWN_SPOOL), maxMb: s.SPOOL_MAX_MB },
    retention: {
      days: { cdrs: s.RETAIN_CALLS_DAYS ?? null, 'sip-sessions': s.RETAIN_SIP_SESSIONS_DAYS ?? null, 'web-sessions': s.RETAIN_WEB_SESSIONS_DAYS ?? null },
      archiveDir: s.ARCHIVE_DIR ?? null,
      archiveFormat: s.ARCHIVE_FORMAT,
    },
    logLevel: s.LOG_LEVEL,
  });
}

/**
 * The settings for a command that talks to the database and to no PBX: nothing of AMI is asked for,
 * and the default is the database of the real thing, or the demo's where that is meant.
 */
export function databaseSettingsFrom(environment: NodeJS.ProcessEnv, demo = false): Config {
  const named = Boolean(environment['DATABASE_URL'] ?? environment['DATABASE_URL_FILE']);
  const fallback = demo ? DEMO_DATABASE : OWN_DATABASE;
  return settingsFrom({ ...environment, AMI_HOST: '', ...(named ? {} : { DATABASE_URL: fallback }) });
}

/** Which database it is, for people: without user and password. */
export function databaseName(url: string): string {
  if (url.startsWith('sqlite:')) return url;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** The environment without empty settings, and with the content of each `NAME_FILE` under its NAME. */
function withFiles(environment: NodeJS.ProcessEnv, problems: string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(settings.shape)) {
    const value = environment[name];
    if (value !== undefined && value !== '') given[name] = value;
  }
  for (const name of SECRETS) {
    const file = environment[`${name}_FILE`];
    if (file === undefined || file === '') continue;
    if (given[name] !== undefined) problems.push(`${name}: is set twice, here and by ${name}_FILE`);
    try {
      given[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch {
      problems.push(`${name}_FILE: the file cannot be read`);
    }
  }
  return given;
}

/** `1` or `true`: one proxy in front; a number: so many; anything else: the proxies' addresses, as Express reads them. */
function trustProxy(value: string | undefined): boolean | number | string {
  if (value === undefined || value === '0' || value === 'false') return false;
  if (value === 'true') return 1;
  return /^\d+$/.test(value) ? Number(value) : value;
}

function isTrust(value: string): boolean {
  if (/^(\d+|true|false)$/.test(value)) return true;
  return value.split(',').every((entry) => {
    const [address = '', bits] = entry.trim().split('/');
    if (['loopback', 'linklocal', 'uniquelocal'].includes(address)) return bits === undefined;
    return isIP(address) !== 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128)));
  });
}

/** Also what is done with it later: its parts are decoded. */
function isUrl(text: string): boolean {
  try {
    const { username, password, pathname } = new URL(text);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** The text of a PEM file, null when none is named; a file that is no certificate is a problem. */
function pemOf(file: string | undefined, problems: string[]): string | null {
  if (file === undefined) return null;
  try {
    const pem = readFileSync(file, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    problems.push('AMI_TLS_CA: must be a PEM file with a certificate');
  } catch {
    problems.push('AMI_TLS_CA: the file cannot be read');
  }
  return null;
}

function systemZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return IANAZone.isValidZone(zone) ? zone : 'UTC';
}
