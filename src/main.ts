#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { archiveListCommand, archiveRestoreCommand, backfillCommand, doctorCommand, migrateCommand, retryCommand, startCommand, userCommand } from './commands.js';
import { AlreadyExistsError, CommandError, InvalidConfigError, InvalidInputError, messageOf, NotFoundError } from './errors.js';
import { AGING_LOGS } from './retention/aging-log.js';

/** 0: done. 1: it failed. 2: the command or a setting is wrong. 3: what it is about does not exist, or exists already. */
const EXIT = { failed: 1, usage: 2, missing: 3 } as const;

interface UserOptions {
  readonly passwordStdin?: boolean;
  readonly demo?: boolean;
}

const program = new Command('logbook')
  .description('A call and SIP-session logbook beside an Asterisk PBX.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(logbook --help lists the commands, logbook COMMAND --help what each one takes)')
  .addHelpText('after', '\nSettings are environment variables; README.md has the table.\nExit status: 0 done, 1 failed, 2 wrong command or setting, 3 no such user or one that exists.');

program
  .command('start')
  .description('listen to the PBX and serve the console; without AMI_HOST, show the demo')
  .action(() => startCommand(process.env));

program
  .command('demo')
  .description('show the demo: a recorded day of a real PBX, whatever AMI_HOST says')
  .action(() => startCommand({ ...process.env, AMI_HOST: '', DATABASE_URL: '', DATABASE_URL_FILE: '' }));

program
  .command('migrate')
  .description('bring the tables of DATABASE_URL up to date, and stop')
  .action(() => migrateCommand(process.env));

program
  .command('doctor')
  .description('say line by line what is right on the PBX, the database and Redis, and which lines to add where')
  .option('--json', 'for machines')
  .addHelpText('after', '\nChanges nothing. Exit status: 1 when something would lose data (x), else 0; 2 for wrong settings.')
  .action(async (options: { json?: boolean }) => {
    process.exitCode = await doctorCommand(process.env, options.json === true);
  });

program
  .command('backfill')
  .description('add the calls that AMI missed, from what Asterisk wrote elsewhere; a call that is there already stays one row')
  .addOption(new Option('--source <source>', "csv: cdr_csv's Master.csv and its rotations (CDR_CSV); sql: a CDR table (CDR_SQL_URL)").choices(['csv', 'sql']).makeOptionMandatory())
  .requiredOption('--from <instant>', 'calls that began at or after it; ISO 8601, in TIME_ZONE where it names no zone: 2026-05-01, 2026-05-01T08:30+02:00')
  .option('--to <instant>', 'calls that began before it; now, when not given')
  .option('--beside-archive', 'also calls of months that lie in the archive, whose rows it cannot see: each is written a second time')
  .action((options: { source: 'csv' | 'sql'; from: string; to?: string; besideArchive?: boolean }) => backfillCommand(process.env, options));

program
  .command('retry')
  .description('try again what could not become rows, as the page Dead Letters lists it; without an option, all of it')
  .option('--id <number>', 'this one; may be given more than once', (id: string, ids: readonly string[] | undefined) => [...(ids ?? []), id])
  .option('--name <name>', 'those of this event or kind of row, such as Cdr')
  .option('--dry-run', 'say what would become of each, and change nothing')
  .addHelpText('after', '\nWhat goes is forgotten, what does not stays with its new reason. Exit status: 0 when all went, 1 when some remain.')
  .action(async (options: { id?: readonly string[]; name?: string; dryRun?: boolean }) => {
    process.exitCode = await retryCommand(process.env, { ...options, dryRun: options.dryRun === true });
  });

const archive = program.command('archive').description('months that left the tables (RETAIN_…_DAYS) and lie in ARCHIVE_DIR');
archive
  .command('list')
  .description('list them: the log, the month, its rows, the file')
  .option('--check', 'read each file and compare its checksum; exit status 1 when one is missing or damaged')
  .action(async (options: { check?: boolean }) => {
    process.exitCode = await archiveListCommand(process.env, options.check === true);
  });
archive
  .command('restore <month>')
  .description('bring a month back into its tables for a while; a row that is there stays one row')
  .addOption(new Option('--log <log>', 'this log only').choices(AGING_LOGS.map(({ name }) => name)))
  .option('--days <number>', 'so long its rows stay, before they leave again', '30')
  .addHelpText('after', '\nA month is written 2026-05, in UTC. Exit status: 3 when it is not in the archive, 1 when a file is damaged (nothing is restored then).')
  .action((month: string, options: { log?: string; days: string }) => archiveRestoreCommand(process.env, month, options));

const user = program.command('user').description('the people who may sign in to the console');
const forDemo = ['--demo', "the users of the demo's database"] as const;
const fromStdin = ['--password-stdin', 'read the password from standard input; otherwise one is generated and printed'] as const;
user
  .command('add <name>')
  .description('add a user')
  .option(...fromStdin)
  .option(...forDemo)
  .action((name: string, options: UserOptions) => userCommand(process.env, { kind: 'add', name, fromStdin: options.passwordStdin === true, demo: options.demo === true }));
user
  .command('passwd <name>')
  .description("change a user's password, and sign that user out everywhere")
  .option(...fromStdin)
  .option(...forDemo)
  .action((name: string, options: UserOptions) => userCommand(process.env, { kind: 'passwd', name, fromStdin: options.passwordStdin === true, demo: options.demo === true }));
user
  .command('list')
  .description('list the users')
  .option(...forDemo)
  .action((options: UserOptions) => userCommand(process.env, { kind: 'list', demo: options.demo === true }));
user
  .command('remove <name>')
  .description('remove a user, and sign that user out everywhere')
  .option(...forDemo)
  .action((name: string, options: UserOptions) => userCommand(process.env, { kind: 'remove', name, demo: options.demo === true }));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // Commander has said its own errors already.
  if (!(error instanceof CommanderError)) process.stderr.write(`logbook: ${messageOf(error)}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof InvalidConfigError) return EXIT.usage;
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof NotFoundError || error instanceof AlreadyExistsError) return EXIT.missing;
  if (error instanceof InvalidInputError) return EXIT.usage;
  return EXIT.failed;
}
