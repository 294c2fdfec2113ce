import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../src/database/database.js';
import { writing } from '../../../src/database/writing.js';
import { insertCalls } from '../../../src/logs/cdr/store.js';
import { DISPOSITIONS } from '../../../src/logs/cdr/columns.js';
import type { NewCdr, NewSipSession, Output } from '../../../src/logs/output.js';
import { callsByQuarter, tallies } from '../../../src/logs/statistics/calls.js';
import { presence } from '../../../src/logs/statistics/presence-store.js';
import { countOnLine } from '../../../src/logs/statistics/presence.js';
import { rollUp } from '../../../src/logs/statistics/roll-up.js';
import { DAY, HOUR } from '../../../src/logs/statistics/summaries.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { backfill } from '../../../src/recovery/backfill.js';
import type { CallSource } from '../../../src/recovery/source-call.js';
import { restore } from '../../../src/retention/restore.js';
import { retain } from '../../../src/retention/retain.js';
import { wallClock } from '../../../src/logs/cdr/zone.js';
import { MICROS_PER_SECOND, toIso, type Micros } from '../../../src/time.js';
import { hoursBetween } from '../../../src/web/hours.js';
import { overviewRange, RANGES } from '../../../src/web/overview.js';
import { describeEachDatabase } from '../../support/databases.js';
import { removeFolder, tempFolder } from '../../support/processes.js';
import { seeded } from '../../support/random.js';
import { at, cdr, insertAccount, sipSession } from '../web/samples.js';

/** The week before it reaches into October. */
const NOW = at('2026-11-04T10:40:00Z');
const PBXS = ['milan', 'rome'] as const;
/** Whole hours, and half an hour beside them. */
const ZONES = [60, -210] as const;
const never = new AbortController().signal;

describeEachDatabase('summaries', (database, url) => {
  let archiveDir: string;
  let keys = 0;
  beforeEach(async () => {
    archiveDir = tempFolder('archive');
    for (const table of ['cdr', 'sip_session', 'session_doubt', 'registered_account', 'summary', 'archived_month']) await database().knex(table).delete();
    await database().knex('setting').where('name', 'summarised until').delete();
  });
  afterEach(() => removeFolder(archiveDir));

  const roll = (): Promise<number> => rollUp(database(), NOW, never);
  const nextKey = (): string => (keys += 1).toString(16).padStart(32, '0');
  const newCall = (callDate: Micros, changes: Partial<NewCdr> = {}): NewCdr => ({ ...cdr({ callDate, pbx: 'milan', ...changes }), key: nextKey() });
  const newSession = (timestamp: Micros, changes: Partial<NewSipSession> = {}): NewSipSession => ({ ...sipSession({ timestamp, pbx: 'milan', ...changes }), key: nextKey() }) as NewSipSession;
  const session = (row: NewSipSession): Output => ({ kind: 'sip-session', row });
  const call = (row: NewCdr): Output => ({ kind: 'cdr', row });

  /** All that the overview takes from summaries, in each range and zone. */
  async function counted(): Promise<unknown[]> {
    const { knex } = database();
    const answers: unknown[] = [];
    for (const offset of ZONES) {
      const zone = { offsetAt: () => offset };
      for (const name of RANGES) {
        const range = overviewRange(name, NOW, zone);
        const hours = hoursBetween(range.from, range.to, zone);
        const { spans, always, ...numbers } = await presence(knex, PBXS, { from: range.from, to: NOW });
        const calls = [...(await callsByQuarter(knex, range))].sort((a, b) => a.at - b.at || (a.disposition < b.disposition ? -1 : 1));
        answers.push({ name, offset, numbers, always, onLine: countOnLine(hours, spans, always, []), spans: [...spans].sort((a, b) => a.from - b.from || a.to - b.to), calls, tallies: tallies(hours, calls) });
      }
    }
    return answers;
  }

  /** The same by the rows alone. */
  async function raw(): Promise<unknown[]> {
    const { knex } = database();
    const kept = (await knex('summary').select()) as object[];
    await knex('summary').delete();
    const answers = await counted();
    for (let start = 0; start < kept.length; start += 50) await knex('summary').insert(kept.slice(start, start + 50));
    return answers;
  }

  const summed = async (): Promise<number> => Number((await database().knex('summary').count<{ n: number | string }[]>({ n: '*' }))[0]?.n);

  async function expectExact(what: string): Promise<void> {
    expect(await counted(), what).toEqual(await raw());
  }

  const instant = (random: () => number): Micros => {
    const when = NOW - Math.floor(random() * 9.5 * DAY);
    // On the edge of an hour too.
    return random() < 0.05 ? when - (when % HOUR) : when;
  };

  function drawnSession(random: () => number): NewSipSession {
    const dice = random();
    const changes: Partial<NewSipSession> =
      dice < 0.5 ? { details: random() < 0.1 ? 'INFERRED' : '200 OK' }
      : dice < 0.75 ? { event: 'UNREGISTER', source: 'SERVER', details: random() < 0.5 ? 'EXPIRED' : '200 OK' }
      : dice < 0.85 ? { event: 'UNREGISTER', source: 'SERVER', details: random() < 0.5 ? 'REPLACED' : 'EXPIRED, 1 contact left' }
      : dice < 0.9 ? { details: 'CHALLENGE_RESPONSE_FAILED' }
      : dice < 0.95 ? { event: 'UNREGISTER', source: 'SERVER', details: 'UNREGISTERED', remoteAddress: null, account: 'provider:5060' }
      : { event: 'CONNECT', details: '' };
    return newSession(instant(random), { pbx: random() < 0.7 ? 'milan' : 'rome', peername: `9${Math.floor(random() * 25)}`, ...changes });
  }

  const drawnCall = (random: () => number): NewCdr =>
    newCall(instant(random), { pbx: random() < 0.7 ? 'milan' : 'rome', disposition: DISPOSITIONS[Math.floor(random() * 5)] ?? 'BUSY', billsec: Math.floor(random() * 500) });

  async function addAccounts(random: () => number, names: readonly string[]): Promise<void> {
    for (const pbx of PBXS) {
      for (const username of names) {
        const online = random() < 0.7;
        await insertAccount(database().knex, { pbx, username, contacts: [], online });
        await database().knex('registered_account').where({ pbx, username }).update({ since: random() < 0.1 ? 0 : random() < 0.1 ? NOW - 20 * DAY : instant(random) });
      }
    }
  }

  it.each([1, 2, 3, 4])('say what the rows say, whatever comes late or leaves (%i)', async (seed) => {
    const random = seeded(seed);
    await addAccounts(random, Array.from({ length: 20 }, (_, n) => `9${n}`));
    await writeBatch(database(), Array.from({ length: 400 }, () => session(drawnSession(random))), 'one');
    await writeBatch(database(), Array.from({ length: 400 }, () => call(drawnCall(random))), 'one');
    expect(await roll()).toBeGreaterThan(400);
    await expectExact('all summed up');

    await addAccounts(random, Array.from({ length: 5 }, (_, n) => `9${20 + n}`));
    await expectExact('accounts that are new');
    for (let round = 0; round < 12; round += 1) {
      const before = await summed();
      const late = Array.from({ length: 1 + Math.floor(random() * 8) }, () => (random() < 0.6 ? session(drawnSession(random)) : call(drawnCall(random))));
      await writeBatch(database(), late, random() < 0.5 ? 'one' : 'two');
      expect(await summed()).toBeLessThan(before);
      await expectExact(`late rows, round ${round}`);
      if (random() < 0.5) await roll();
    }

    await roll();
    await backfill(database(), recovered(NOW - 50 * HOUR), { pbx: 'milan', from: 0, to: NOW });
    await expectExact('a call was recovered');
    await roll();
    for (const archive of [archiveDir, null]) {
      const before = await summed();
      await retain(database(), { days: { cdrs: 1, 'sip-sessions': 1, 'web-sessions': null }, archiveDir: archive }, { signal: never, clock: () => NOW });
      expect(await summed()).toBeLessThan(before);
      await expectExact('October has left');
      await roll();
      await expectExact('October has left, summed up');
      if (archive === null) continue;
      expect(await restore(database(), '2026-10', { archiveDir, days: 10, signal: never, clock: () => NOW })).toBeGreaterThan(0);
      await expectExact('October is back');
      await database().knex('archived_month').update({ restored_until: 0 });
      await roll();
    }
  });

  it('are undone by a doubt that is taken back, and by one that stands after all', async () => {
    await insertAccount(database().knex, { pbx: 'milan', username: '909', contacts: [], online: true });
    await database().knex('registered_account').update({ since: NOW - HOUR });
    const when = NOW - 30 * HOUR;
    await writeBatch(database(), [session(newSession(when - 5 * HOUR))], 'one');
    const inferred = newSession(when, { event: 'UNREGISTER', source: 'SERVER', details: 'INFERRED' });
    await roll();
    await writeBatch(database(), [{ kind: 'sip-session', row: inferred, doubt: { kind: 'inferred', since: when - HOUR, heard: [] } }], 'one');
    await expectExact('it stands');
    await roll();
    const standing = await counted();
    await writeBatch(database(), [session(newSession(when - HOUR / 2, { event: 'UNREGISTER', source: 'SERVER', details: 'EXPIRED' }))], 'two');
    expect(await database().knex('sip_session').where('event_key', inferred.key)).toEqual([]);
    expect(await counted()).not.toEqual(standing);
    await expectExact('it is taken back');
  });

  it.each([false, true])('have the rows of a transaction that began before and ends after (hours were summed up before: %s)', async (before) => {
    if (before) await roll();
    await database().knex('summary').delete();
    const other = openDatabase(url());
    const when = NOW - 26 * HOUR;
    try {
      const written = writing(other, async (trx) => {
        await insertCalls(trx, [newCall(when)]);
        await sleep(400);
      });
      await sleep(100);
      await roll();
      await written;
      await expectExact('calls');
      const [day] = (await counted()) as [{ calls: unknown[] }];
      expect(day.calls).toEqual([]);
      const week = (await counted())[1] as { calls: unknown[] };
      expect(week.calls).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('are made once, of hours that are over, and forgotten when no range reaches them', async () => {
    const { knex } = database();
    const made = await roll();
    expect(await summed()).toBe(made);
    expect(await knex('summary').where('from_at', '>', NOW - HOUR - 600 * MICROS_PER_SECOND)).toEqual([]);
    expect(await roll()).toBe(0);
    expect(await rollUp(database(), NOW + HOUR, never)).toBe(2);
    expect(await rollUp(database(), NOW + DAY + HOUR, never)).toBe(49);
    expect(await summed()).toBe(made + 2);
  });
});

/** One call that began at an instant, as Master.csv has it. */
function recovered(start: Micros): CallSource {
  const local = (instant: Micros): string => toIso(instant).slice(0, 19).replace('T', ' ');
  const call = { src: '1', dst: '2', channel: 'PJSIP/1-1', lastapp: 'Dial', start: local(start), answer: local(start), end: local(start + MICROS_PER_SECOND), duration: '1', billsec: '1', disposition: 'ANSWERED', uniqueid: '1.1' };
  return {
    name: 'Master.csv', clock: { name: 'UTC', note: '', instants: wallClock('UTC'), local: (instant) => instant }, limits: {}, notes: [], failures: [],
    async *batches() {
      yield await Promise.resolve({ records: [{ kind: 'call', where: '1', call }], done: 1, scope: '' });
    },
    close: () => Promise.resolve(),
  };
}
