import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pino, type Logger } from 'pino';
import { databaseName, databaseSettingsFrom, settingsFrom, type Config } from './config.js';
import { openDatabase, type Database } from './database/database.js';
import { databaseTrouble } from './database/trouble.js';
import { CommandError } from './errors.js';
import { forgetGarbage } from './forget-garbage.js';
import { loggedError } from './logged-error.js';
import type { StoredDeadLetter } from './logs/dead-letter/store.js';
import { retryDeadLetters, type Retried } from './pipeline/retry.js';
import { backfillRange, runBackfill, type BackfillCommand } from './recovery/command.js';
import { progressOn } from './progress.js';
import { listArchive, restoreMonth, type RestoreCommand } from './retention/command.js';
import { startService } from './service.js';
import { toIso } from './time.js';
import { generatePassword } from './web/passwords.js';
import { consoleUsers } from './web/users.js';

type Environment = NodeJS.ProcessEnv;

/** Runs the service until SIGINT or SIGTERM, then stops it in order. A second signal ends it at once. */
export async function startCommand(environment: Environment): Promise<void> {
  const config = settingsFrom(environment);
  const logger = createLogger(config.logLevel);
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(1);
    logger.info({ signal }, 'stopping');
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let service;
  try {
    service = await startService(config, logger, stop.signal);
  } catch (error) {
    // Asked to stop while it still waited for the database: that is no failure.
    if (stop.signal.aborted) return;
    throw explained(error, config);
  }
  // Before anybody counts on an answer at once.
  forgetGarbage();
  process.stdout.write(banner(config, service.url, service.generatedPassword));
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  await service.stop();
  // A database that hangs must not keep a process alive that has nothing left to do.
  setTimeout(() => process.exit(), 1_000).unref();
}

export async function migrateCommand(environment: Environment): Promise<void> {
  const config = databaseSettingsFrom(environment);
  await withDatabase(config, () => Promise.resolve());
  process.stdout.write(`the tables of ${databaseName(config.databaseUrl)} are up to date\n`);
}

/** Adds the calls that AMI missed. Ctrl-C stops after the batch at hand; what is written stays. */
export async function backfillCommand(environment: Environment, command: BackfillCommand): Promise<void> {
  const config = databaseSettingsFrom(environment);
  backfillRange(config, command);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  await withDatabase(config, async (database) => {
    await runBackfill(config, database, command, stop.signal);
  });
}

/** Lists the archive; answers the exit status, 1 when a file that was checked is missing or damaged. */
export async function archiveListCommand(environment: Environment, check: boolean): Promise<number> {
  const config = databaseSettingsFrom(environment);
  return withDatabase(config, async ({ knex }) => ((await listArchive(knex, config.retention.archiveDir, check)) ? 0 : 1));
}

/** Brings a month back. Ctrl-C stops after the rows at hand; the same command goes on with the rest. */
export async function archiveRestoreCommand(environment: Environment, month: string, command: RestoreCommand): Promise<void> {
  const config = databaseSettingsFrom(environment);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  await withDatabase(config, (database) => restoreMonth(config, database, month, command, stop.signal));
}

export interface RetryCommand {
  readonly id?: readonly string[];
  readonly name?: string;
  readonly dryRun: boolean;
}

/** Tries dead letters again, and says what became of each; answers the exit status, 1 when some remain. */
export async function retryCommand(environment: Environment, { id, name, dryRun }: RetryCommand): Promise<number> {
  const config = databaseSettingsFrom(environment);
  const ids = id?.map((text) => (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : wrongId(text)));
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const count = { written: 0, remain: 0 };
  await withDatabase(config, async (database) => {
    const onLetter = (letter: StoredDeadLetter, retried: Retried): void => {
      count[retried.kind === 'written' ? 'written' : 'remain'] += 1;
      process.stdout.write(`${retriedText(letter, retried, dryRun)}\n`);
    };
    await retryDeadLetters(database, { ...(ids ? { ids } : {}), ...(name === undefined ? {} : { name }) }, { dryRun, onLetter, signal: stop.signal });
  });
  process.stdout.write(count.written + count.remain === 0 ? 'there are no such dead letters\n' : `${count.written} ${dryRun ? 'could be written' : 'written'}, ${count.remain} remain\n`);
  if (stop.signal.aborted) throw new CommandError('stopped before the end; run this again for the rest', 1);
  return count.remain > 0 ? 1 : 0;
}

function wrongId(text: string): never {
  throw new CommandError(`--id must be the number of a dead letter, not ${text}`, 2);
}

function retriedText({ id, at, name }: StoredDeadLetter, retried: Retried, dryRun: boolean): string {
  // What strangers sent must not steer a terminal.
  const plain = (text: string): string => text.replace(/\p{Cc}/gu, ' ');
  const what = `${id}  ${toIso(at)}  ${plain(name)}`;
  if (retried.kind === 'remains') return `${what}  remains: ${plain(retried.reason)}`;
  return `${what}  ${dryRun ? 'would become' : 'is now'}: ${retried.outputs.length === 0 ? 'nothing that a log keeps' : retried.outputs.join(', ')}`;
}

/** Says what is right and what is not; answers the exit status, 1 when something would lose data. */
export async function doctorCommand(environment: Environment, asJson: boolean): Promise<number> {
  const [{ runDoctor }, { exitCodeFor, printForMachines, printForPeople }] = await Promise.all([import('./doctor/doctor.js'), import('./doctor/print.js')]);
  const checks = await runDoctor(settingsFrom(environment));
  process.stdout.write(asJson ? printForMachines(checks) : printForPeople(checks));
  // A server that holds on to a connection must not hold up whoever waits for the answer.
  setTimeout(() => process.exit(), 1_000).unref();
  return exitCodeFor(checks);
}

export type UserCommand = { readonly demo: boolean } & (
  | { readonly kind: 'add' | 'passwd'; readonly name: string; readonly fromStdin: boolean }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'list' }
);

export async function userCommand(environment: Environment, command: UserCommand): Promise<void> {
  const config = databaseSettingsFrom(environment, command.demo);
  const where = `in ${databaseName(config.databaseUrl)}`;
  await withDatabase(config, async (database) => {
    const users = consoleUsers(database.knex);
    if (command.kind === 'remove') {
      await users.removeUser(command.name);
      process.stdout.write(`${command.name} is removed ${where}\n`);
      return;
    }
    if (command.kind === 'list') {
      // Apart from the list itself, which scripts read.
      process.stderr.write(`users ${where}\n`);
      for (const user of await users.listUsers()) process.stdout.write(`${user.username}\tsince ${toIso(user.createdAt)}\n`);
      return;
    }
    const given = command.fromStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : null;
    const password = given ?? generatePassword();
    if (command.kind === 'add') await users.addUser(command.name, password);
    else await users.setPassword(command.name, password);
    process.stdout.write(given === null ? `the password of ${command.name} ${where} is ${password}\n` : `the password of ${command.name} ${where} is set\n`);
  });
}

async function withDatabase<T>(config: Config, work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase(config.databaseUrl, 'command');
  const progress = progressOn(process.stderr);
  try {
    await database.migrate((done, what) => progress.show(done, () => what));
    progress.end();
    return await work(database);
  } catch (error) {
    throw explained(error, config);
  } finally {
    await database.close();
  }
}

/** The command as it must be typed to reach this very database. */
function passwordCommand(config: Config): string {
  const target = config.databaseUrl.startsWith('sqlite:') ? `DATABASE_URL=${config.databaseUrl} ` : 'with this DATABASE_URL, ';
  return `${target}npm run logbook -- user passwd ${config.admin.username}`;
}

function banner(config: Config, url: string, generatedPassword: string | null): string {
  const lines = [
    '',
    config.ami === null
      ? 'Logbook shows a demo: a recorded day of a real PBX. Set AMI_HOST to listen to yours (README.md).'
      : `Logbook listens to ${config.pbxName} at ${config.ami.host}:${config.ami.port}.`,
    ...(config.ami === null && process.env['AMI_USERNAME'] ? ['AMI_USERNAME is set, but AMI_HOST is not: is that what you meant?'] : []),
    `  console   ${url}`,
    `  user      ${config.admin.username}`,
    generatedPassword === null
      ? `  password  as before (a new one: ${passwordCommand(config)})`
      : `  password  ${generatedPassword}   (said only this once)`,
    '',
    '',
  ];
  return lines.join('\n');
}

/** For people at a terminal, one line an entry; for machines, JSON. */
function createLogger(level: string): Logger {
  const serializers = { err: loggedError };
  if (!process.stderr.isTTY) {
    const formatters = { level: (label: string) => ({ level: label }) };
    return pino({ level, serializers, formatters, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  }
  return pino({ level, serializers, transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' } } });
}

/** The errors that a wrong setting causes, in one line with a next step. */
function explained(error: unknown, config: Config): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'EADDRINUSE':
      return new CommandError(`port ${config.http.port} on ${config.http.host} is taken; stop what uses it or set HTTP_PORT`, 1);
    case 'EADDRNOTAVAIL':
      return new CommandError(`this machine has no address ${config.http.host}; correct HTTP_HOST`, 1);
    case 'EACCES':
      return new CommandError(`not allowed: ${error.message}; choose another HTTP_PORT or folder`, 1);
    default: {
      const trouble = databaseTrouble(String(error.code));
      return trouble === null ? error : new CommandError(trouble, 1);
    }
  }
}
