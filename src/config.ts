import { readFileSync } from 'node:fs';
import { IANAZone } from 'luxon';
import { z } from 'zod';
import { InvalidConfigError } from './errors.js';

export interface Config {
  /** Null: no PBX is set, the demo runs. */
  readonly ami: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly secret: string;
    readonly tls: boolean;
    /** A file with the certificate authority that signed the PBX's certificate; unset: encrypted, not verified. */
    readonly tlsCa: string | null;
  } | null;
  readonly pbxName: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly http: { readonly host: string; readonly port: number; readonly trustProxy: boolean | number | string };
  readonly admin: { readonly username: string; readonly password: string | null };
  readonly reconcileEveryMs: number;
  readonly timeZone: string;
  readonly logLevel: string;
}

const text = z.string().trim().min(1);
const port = z.coerce.number().int().min(1).max(65_535);
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
    .regex(/^(sqlite:.+|(mysql|mariadb):\/\/[^/]+\/.+)$/, 'must be sqlite:PATH or mysql://user:password@host:3306/database')
    .optional(),
  REDIS_URL: z.string().regex(/^rediss?:\/\/.+$/, 'must be redis://host:6379').optional(),
  HTTP_HOST: text.default('127.0.0.1'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  ADMIN_USERNAME: text.max(128).default('admin'),
  ADMIN_PASSWORD: z.string().min(8, 'must have 8 characters or more').optional(),
  RECONCILE_EVERY_S: z.coerce.number().positive().max(86_400).optional(),
  TIME_ZONE: z.string().refine((zone) => IANAZone.isValidZone(zone), 'must be a zone such as Europe/Rome').optional(),
  TRUST_PROXY: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

/** The settings that hold a secret, or may: each can also come from a file named by `NAME_FILE`. */
export const SECRETS = ['AMI_SECRET', 'DATABASE_URL', 'REDIS_URL', 'ADMIN_PASSWORD'] as const;

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
            tlsCa: s.AMI_TLS_CA ?? null,
          },
    pbxName: s.PBX_NAME,
    // What a demo shows must never stand among real calls.
    databaseUrl: s.DATABASE_URL ?? (s.AMI_HOST === undefined ? 'sqlite:./data/demo.sqlite' : 'sqlite:./data/logbook.sqlite'),
    redisUrl: s.REDIS_URL ?? null,
    http: { host: s.HTTP_HOST, port: s.HTTP_PORT, trustProxy: trustProxy(s.TRUST_PROXY) },
    admin: { username: s.ADMIN_USERNAME, password: s.ADMIN_PASSWORD ?? null },
    // Whoever looks at the demo for the first time should not see a minute of loose connections.
    reconcileEveryMs: (s.RECONCILE_EVERY_S ?? (s.AMI_HOST === undefined ? 5 : 60)) * 1_000,
    timeZone: s.TIME_ZONE ?? systemZone(),
    logLevel: s.LOG_LEVEL,
  });
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

function systemZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return IANAZone.isValidZone(zone) ? zone : 'UTC';
}
