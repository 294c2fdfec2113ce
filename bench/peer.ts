import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cdrs } from '../src/logs/cdr/columns.js';
import { fromMs, toIso, toMs, type Micros } from '../src/time.js';
import { tempFolder } from '../test/support/processes.js';
import { seeded } from '../test/support/random.js';
import { ofLimit, percentile, type Figure } from './figure.js';
import { deepCursor } from './lists.js';
import { startPeerClient, type Asked, type PeerClient } from './peer-client.js';
import type { BenchService } from './service.js';
import type { Store } from './stage.js';

/**
 * A tool that people use: Asterisk-CDR-Viewer-Mod (github.com/prog-it/Asterisk-CDR-Viewer-Mod, index.php). It counts what fits, then reads the newest
 * of it; it has no pages, so whoever wants the thousandth asks for all rows down to there. Both answer over HTTP: the tool's queries behind
 * PHP's own web server with a plain table, Logbook with sign-in and JSON of all columns.
 */
const TOOL = 'Asterisk-CDR-Viewer-Mod’s queries';
/** What its form asks for when nobody changes it. */
const PAGE = 100;
const DEEP_PAGES = 500;
const MOST_EXPORTED = 1_000_000;
const DAY: Micros = fromMs(86_400_000);

/** As the tool's docs/mysql_cdr.sql describes it: what Asterisk writes, the keys that the tool wants. */
const COLUMNS = `calldate datetime not null, clid varchar(80) not null, src varchar(80) not null, dst varchar(80) not null, dcontext varchar(80) not null, channel varchar(80) not null, dstchannel varchar(80) not null,
  lastapp varchar(80) not null, lastdata varchar(80) not null, duration int not null, billsec int not null, disposition varchar(45) not null, amaflags int not null, accountcode varchar(20) not null, peeraccount varchar(20) not null,
  uniqueid varchar(32) not null, userfield varchar(255) not null, linkedid varchar(32) not null, sequence int not null, filename varchar(255) default 'none'`;
const KEYS = ['calldate', 'src', 'dst', 'accountcode', 'uniqueid', 'dcontext', 'clid'];
const SAME_CALLS = `select from_unixtime(call_date div 1000000), left(caller_id, 80), src, dst, dcontext, left(channel, 80), left(dstchannel, 80), lastapp, left(lastdata, 80), duration, billsec, asterisk_disposition, 3,
  left(accountcode, 20), left(peeraccount, 20), left(uniqueid, 32), left(userfield, 255), left(linkedid, 32), cast(sequence as unsigned), 'none' from cdr order by id`;

interface Case {
  readonly what: string;
  readonly own: (random: () => number) => Readonly<Record<string, string>>;
  readonly theirs: (random: () => number) => Omit<Asked, 'csv'>;
}

/** The same calls, lists and export by Logbook and by the tool, in turn. */
export async function peer(store: Store, service: BenchService, rows: number): Promise<Figure[]> {
  await makeTable(store);
  const client = await startPeerClient(store.url);
  try {
    const figures: Figure[] = [];
    for (const one of await cases(store, rows)) figures.push(await compare(one, service, client, rows >= 100_000 ? 20 : 5));
    return [...figures, ...(await compareExports(service, client, rows))];
  } finally {
    await client.close();
    await store.database.knex.schema.dropTable('asterisk_cdr');
  }
}

async function makeTable({ database: { knex } }: Store): Promise<void> {
  await knex.schema.dropTableIfExists('asterisk_cdr');
  await knex.raw(`create table asterisk_cdr (id int not null auto_increment primary key, ${COLUMNS}) default charset utf8mb4`);
  await knex.raw(`set statement time_zone = '+00:00' for insert into asterisk_cdr (${[...COLUMNS.matchAll(/(\w+) (?:datetime|varchar|int)/g)].map(([, name]) => name).join(', ')}) ${SAME_CALLS}`);
  await knex.raw(`alter table asterisk_cdr ${KEYS.map((key) => `add key (${key})`).join(', ')}`);
  await knex.raw('analyze table asterisk_cdr');
}

async function cases(store: Store, rows: number): Promise<Case[]> {
  const now = fromMs(Date.now());
  const between = (from: Micros, to: Micros): string => `calldate BETWEEN '${wall(from)}' AND '${wall(to)}'`;
  const always = between(now - 800 * DAY, now);
  const [year, month] = [new Date(toMs(now)).getUTCFullYear(), new Date(toMs(now)).getUTCMonth()];
  const thisMonth = between(fromMs(Date.UTC(year, month)), fromMs(Date.UTC(year, month + 1)) - 1);
  const deep = Math.min(DEEP_PAGES * PAGE, Math.floor(rows / 2));
  const cursor = await deepCursor(store, cdrs, rows);
  const account = (random: () => number): string => String(1_000 + Math.floor(random() ** 1.6 * 5_000));
  const day = (random: () => number): Micros => now - Math.floor(random() * 700) * DAY;
  return [
    // The tool's form begins with the current month.
    { what: 'newest calls', own: () => ({}), theirs: () => ({ where: thisMonth, limit: PAGE }) },
    { what: `calls ${deep} further on`, own: () => ({ cursor }), theirs: () => ({ where: always, limit: deep + PAGE }) },
    { what: 'calls of one number', own: (random) => ({ src: account(random) }), theirs: (random) => ({ where: `${always} AND ( src LIKE '${account(random)}%' )`, limit: PAGE }) },
    { what: 'calls of one day', own: (random) => dayOf(day(random)), theirs: (random) => ((from) => ({ where: between(from - DAY, from), limit: PAGE }))(day(random)) },
  ];
}

const wall = (at: Micros): string => toIso(at).slice(0, 19).replace('T', ' ');
const dayOf = (to: Micros): Readonly<Record<string, string>> => ({ from: toIso(to - DAY), to: toIso(to) });

async function compare({ what, own, theirs }: Case, service: BenchService, client: PeerClient, requests: number): Promise<Figure> {
  const [ours, tools] = [seeded(5), seeded(5)];
  const times: { own: number[]; theirs: number[] } = { own: [], theirs: [] };
  for (let n = 0; n < requests; n += 1) {
    times.theirs.push((await client.ask({ ...theirs(tools), csv: null })).ms);
    times.own.push((await service.get(`/api/v1/cdrs?${new URLSearchParams({ limit: String(PAGE), ...own(ours) }).toString()}`)).ms);
  }
  const limit = { value: percentile(times.theirs, 50), is: `${TOOL} by ${client.name}` };
  return { what: `against a peer: ${what}, p50`, database: 'MariaDB', value: percentile(times.own, 50), unit: 'ms', limit, target: ofLimit('at most', 1) };
}

async function compareExports(service: BenchService, client: PeerClient, rows: number): Promise<Figure[]> {
  const folder = tempFolder('bench-peer');
  try {
    const theirs = await client.ask({ where: `calldate > '2000-01-01'`, limit: Math.min(rows, MOST_EXPORTED), csv: join(folder, 'report.csv') });
    const began = Date.now();
    const own = await service.get('/cdrs.csv');
    const is = `${TOOL} by ${client.name}`;
    const speed: Figure = { what: 'against a peer: CSV', database: 'MariaDB', value: (own.lines - 1) / (own.ms / 1_000), unit: 'rows/s', limit: { value: theirs.rows / (theirs.ms / 1_000), is }, target: ofLimit('at least', 1) };
    if (theirs.peakMb === null) return [speed];
    return [speed, { what: 'against a peer: CSV, memory', database: 'MariaDB', value: service.since(began).peakMb, unit: 'MB', limit: { value: theirs.peakMb, is }, target: ofLimit('at most', 1) }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
