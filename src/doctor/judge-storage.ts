import { databaseTrouble } from '../database/trouble.js';
import type { FolderFacts } from './ask-folder.js';
import type { DatabaseFacts, MigrationFacts, RedisFacts } from './database-facts.js';
import { ENVIRONMENT, fix, less, loses, ok, unknown, type Check } from './outcome.js';

const GIGABYTE = 1e9;
const LITTLE_BYTES = 1e9;
const TOO_LITTLE_BYTES = 1e8;

/** Whether rows can be written, and stay. */
export function judgeDatabase(facts: DatabaseFacts): readonly Check[] {
  switch (facts.kind) {
    case 'failed': {
      const what = databaseTrouble(facts.code) ?? facts.message;
      return [loses('database.reach', `${facts.place}: ${what}`, fix(ENVIRONMENT, facts.engine === 'sqlite' ? 'DATABASE_URL=sqlite:<path>' : 'DATABASE_URL=mysql://<user>:<password>@<host>:3306/<database>'))];
    }
    case 'sqlite':
      return sqlite(facts);
    case 'mysql':
      return mysql(facts);
  }
}

function sqlite({ place, content, writable, freeBytes }: Extract<DatabaseFacts, { kind: 'sqlite' }>): readonly Check[] {
  if (place === ':memory:') return [loses('database.reach', 'sqlite::memory: keeps nothing beyond the process', fix(ENVIRONMENT, 'DATABASE_URL=sqlite:./data/logbook.sqlite'))];
  if (!writable) return [loses('database.reach', `${place} or its folder may not be written by this user`, fix('a shell', `chown -R <the user of Logbook> <the folder of ${place}>`)), disk(freeBytes)];
  if (content === null) return [ok('database.reach', `SQLite: ${place} is not there yet; the first start makes it`), disk(freeBytes)];
  return [ok('database.reach', `SQLite ${content.version}, ${place}`), tables(content.migrations), disk(freeBytes)];
}

function disk(freeBytes: number | null, name = 'database.disk'): Check {
  if (freeBytes === null) return unknown(name, 'the system does not tell how much room is left');
  const room = `${(freeBytes / GIGABYTE).toFixed(freeBytes < 10 * GIGABYTE ? 1 : 0)} GB are free`;
  if (freeBytes < TOO_LITTLE_BYTES) return loses(name, `${room}: rows will soon find no room`);
  return freeBytes < LITTLE_BYTES ? less(name, room) : ok(name, room);
}

function mysql(facts: Extract<DatabaseFacts, { kind: 'mysql' }>): readonly Check[] {
  const { place, version, timeZone, charset, readOnly, flushAtCommit, migrations } = facts;
  const checks = [
    age(place, version),
    tables(migrations),
    ok('database.zone', `the server's time zone (${timeZone}) does not matter: instants are stored as numbers in UTC`),
    ok('database.charset', `tables are utf8mb4, whatever the database's default (${charset}) is`),
  ];
  if (readOnly) checks.push(loses('database.writes', 'the server is read-only', fix('the database, as its administrator', 'SET GLOBAL read_only = 0;')));
  if (flushAtCommit !== null && flushAtCommit !== 1) {
    checks.push(less('database.flush', `commits are not on disk at once (innodb_flush_log_at_trx_commit = ${flushAtCommit}): a power cut takes the last second`, fix("the database's my.cnf, [mysqld]", 'innodb_flush_log_at_trx_commit = 1')));
  }
  return checks;
}

/** MariaDB 10.11 is what the tests run; from 10.5 on, and MySQL 8, nothing is known that would not work. */
function age(place: string, version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const isMaria = /mariadb/i.test(version);
  const isOld = isMaria ? major < 10 || (major === 10 && minor < 5) : major < 8;
  const what = `${isMaria ? 'MariaDB' : 'MySQL'} ${version}, ${place}`;
  return isOld ? less('database.reach', `${what}: older than what Logbook is tried with (MariaDB 10.11)`) : ok('database.reach', what);
}

function tables(migrations: MigrationFacts): Check {
  const name = 'database.tables';
  if (migrations.kind === 'none') return ok(name, 'there are none yet; the first start makes them');
  const { pending, strange } = migrations;
  if (strange.length > 0) return loses(name, `the tables are of a newer Logbook (${strange.join(', ')}), and this one would not start`, fix('a shell', 'install the newer Logbook again'));
  if (pending.length > 0) return less(name, `not up to date (${pending.join(', ')}); the next start does it, or`, fix('a shell', 'npm run logbook -- migrate'));
  return ok(name, 'up to date');
}

const MEGABYTE = 1e6;

/** Whether events find room while the database is away. */
export function judgeSpool({ place, writable, freeBytes }: FolderFacts, maxMb: number): readonly Check[] {
  const name = 'spool.folder';
  if (!writable) return [loses(name, `${place} may not be written by this user`, fix('a shell', `chown -R <the user of Logbook> ${place}`), fix(ENVIRONMENT, 'SPOOL_DIR=<a folder that Logbook may write>'))];
  const checks = [ok(name, `${place} may be written`), disk(freeBytes, 'spool.disk')];
  if (freeBytes === null || freeBytes >= maxMb * MEGABYTE) return checks;
  return [...checks, less('spool.size', `the disk is full before the spool reaches its limit of ${maxMb} MB`, fix(ENVIRONMENT, `SPOOL_MAX_MB=${Math.max(1, Math.floor(freeBytes / MEGABYTE / 2))}`))];
}

/** Whether calls come back by themselves after a gap. */
export function judgeRecovery(sources: readonly string[]): readonly Check[] {
  if (sources.length > 0) return [ok('calls.recovery', `calls that AMI missed are recovered from ${sources.join(' and ')}`)];
  return [less('calls.recovery', 'calls that AMI missed stay missing: no source is set', fix(ENVIRONMENT, 'CDR_CSV=/var/log/asterisk/cdr-csv/Master.csv'), fix(ENVIRONMENT, 'CDR_SQL_URL=mysql://<user>:<password>@<host>:3306/asteriskcdrdb'))];
}

/** Whether jobs run; no row is lost without them, connections only stay unbound. */
export function judgeRedis(facts: RedisFacts): readonly Check[] {
  switch (facts.kind) {
    case 'unset':
      return [ok('redis.reach', 'REDIS_URL is not set: jobs run in the process')];
    case 'failed':
      return [less('redis.reach', `${facts.place}: ${facts.message}; no job would run, and connections stay without their accounts`, fix(ENVIRONMENT, 'REDIS_URL=redis://<host>:6379'))];
    case 'up':
      return [ok('redis.reach', `Redis ${facts.version}, ${facts.place}`), eviction(facts)];
  }
}

function eviction({ policy, maxmemory }: Extract<RedisFacts, { kind: 'up' }>): Check {
  const name = 'redis.eviction';
  const wanted = fix('redis.conf', 'maxmemory-policy noeviction');
  if (policy === null) return unknown(name, 'Redis does not tell its eviction policy', wanted);
  if (policy === 'noeviction') return ok(name, 'noeviction: Redis throws away no job');
  return less(name, `${policy}: Redis may throw away the schedule of jobs when memory runs out${maxmemory === 0 ? '; now it has no limit (maxmemory 0), and does not' : ''}`, wanted);
}
