import { beforeEach, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { countUpTo, MOST_OF_A_NAME, readDeadLetters, writeDeadLetters, type StoredDeadLetter } from '../../../src/logs/dead-letter/store.js';
import type { AccountState, DeadLetter, Output } from '../../../src/logs/output.js';
import { readAccountStates } from '../../../src/logs/registered-account/store.js';
import { deadEvent, deadRow } from '../../../src/pipeline/dead-letters.js';
import { retryDeadLetters, type Retried } from '../../../src/pipeline/retry.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeEachDatabase } from '../../support/databases.js';

const SECOND = 1_000_000;
const NOW = 1_795_369_894 * SECOND;

const event = (name: string, headers: Readonly<Record<string, string>>, at = NOW): PbxInput => ({ kind: 'event', event: amiEvent(name, at, new Map(Object.entries(headers))) });
const call = (n: number, fields: Readonly<Record<string, string>> = {}): PbxInput =>
  event('Cdr', { uniqueid: `1795369894.${n}`, source: '904', destination: '908', starttime: '2026-11-22 17:51:34', endtime: '2026-11-22 17:51:39', duration: '5', billableseconds: '0', disposition: 'BUSY', ...fields });

describeEachDatabase('dead letters', (database) => {
  beforeEach(async () => {
    for (const table of ['dead_letter', 'cdr', 'sip_session', 'web_session', 'registered_account', 'setting', 'capture_gap']) await database().knex(table).delete();
  });
  const dead = (...outputs: Output[]): Promise<number> => writeBatch(database(), outputs, 'listener');
  const letters = (): Promise<StoredDeadLetter[]> => readDeadLetters(database().knex, {});
  const retry = async (which = {}, dryRun = false): Promise<[string, Retried][]> => {
    const became: [string, Retried][] = [];
    await retryDeadLetters(database(), which, { dryRun, clock: () => NOW, onLetter: (letter, retried) => became.push([letter.name, retried]) });
    return became;
  };

  it('are kept once, with all that a second try needs', async () => {
    const letter = deadEvent('lab', call(1), 'a fault of Logbook');
    await dead(letter);
    await dead(letter, letter);
    expect(await letters()).toMatchObject([{ name: 'Cdr', stage: 'event', reason: 'a fault of Logbook', at: NOW, tries: null, triedAt: null, content: letter.letter.content }]);
  });

  it('hold no answer to a challenge', async () => {
    await dead(deadEvent('lab', event('ChallengeResponseFailed', { accountid: '909', challenge: 'abc', response: 'def', receivedhash: 'ghi' }), 'x'));
    expect((await letters())[0]?.content).toMatch(/909/);
    expect((await letters())[0]?.content).not.toMatch(/abc|def|ghi/);
  });

  it('are no more than so many of a name', async () => {
    const letter = (n: number, name: string): DeadLetter => ({ key: `${name} ${n}`, at: n, pbx: 'lab', stage: 'event', name, reason: '', content: '' });
    const many = Array.from({ length: MOST_OF_A_NAME - 1 }, (_, n) => letter(n, 'UserEvent'));
    const write = (some: DeadLetter[]): Promise<number> => database().knex.transaction((trx) => writeDeadLetters(trx, some));
    expect(await write(many)).toBe(0);
    expect(await write([letter(-1, 'UserEvent'), letter(-2, 'UserEvent'), letter(-3, 'Cdr')])).toBe(1);
    expect(await write([letter(-4, 'UserEvent')])).toBe(1);
    expect(await countUpTo(database().knex, 'UserEvent', 1_000_000)).toBe(MOST_OF_A_NAME);
    expect(await countUpTo(database().knex, null, 50)).toBe(50);
    expect(await countUpTo(database().knex, 'Cdr', 50)).toBe(1);
  });

  it('become rows when they are tried again, and are gone', async () => {
    const row: Output = { kind: 'loss', pbx: 'lab', from: 1, until: 2, reason: 'the spool was full', lost: 3 };
    await dead(deadEvent('lab', call(1), 'x'), deadRow('lab', row, 'ER_TRY'), { kind: 'pbx-zone', pbx: 'lab', at: NOW, zone: { spans: [{ from: NOW - 86_400 * SECOND, offsetSeconds: 19_800 }] } });
    expect(await retry({}, true)).toEqual([['Cdr', { kind: 'written', outputs: ['cdr'] }], ['loss', { kind: 'written', outputs: ['loss'] }]]);
    expect(await letters()).toHaveLength(2);
    expect(await retry()).toEqual([['Cdr', { kind: 'written', outputs: ['cdr'] }], ['loss', { kind: 'written', outputs: ['loss'] }]]);
    expect(await letters()).toEqual([]);
    expect(await database().knex('capture_gap').select('lost')).toEqual([{ lost: 3 }]);
    // By the zone that the PBX told, half an hour east of what a guess could give.
    const [row1] = await database().knex('cdr').select<{ call_date: number | string }[]>('call_date');
    expect(Number(row1?.call_date)).toBe(Date.UTC(2026, 10, 22, 12, 21, 34) * 1_000);
  });

  it('that fail again remain with the new reason, one by one', async () => {
    await dead(
      deadEvent('lab', event('UserEvent', { userevent: 'SipSession', sipevent: 'HELLO' }), 'old reason'),
      { kind: 'dead-letter', letter: { key: 'torn', at: 0, pbx: 'lab', stage: 'event', name: 'unreadable', reason: 'old reason', content: '{"kind":"ev' } },
      { kind: 'dead-letter', letter: { key: 'none', at: 0, pbx: 'lab', stage: 'row', name: 'odd', reason: 'old reason', content: '[]' } },
      deadEvent('lab', call(2), 'old reason'),
      deadRow('lab', { kind: 'loss', pbx: 'lab', from: Number.NaN, until: 2, reason: '', lost: 3 }, 'old reason'),
    );
    const became = await retry();
    expect(became.map(([name, { kind }]) => [name, kind])).toEqual([['UserEvent', 'remains'], ['unreadable', 'remains'], ['odd', 'remains'], ['Cdr', 'written'], ['loss', 'remains']]);
    const left = await letters();
    expect(left.map(({ tries, triedAt }) => [tries, triedAt])).toEqual(Array(4).fill([1, NOW]));
    expect(left.every(({ reason }) => reason !== 'old reason' && reason !== '')).toBe(true);
    expect(await retry({ name: 'odd' })).toHaveLength(1);
    expect(await retry({ ids: [left[0]?.id ?? 0] })).toMatchObject([['UserEvent', { kind: 'remains' }]]);
    expect((await letters()).map(({ tries }) => tries)).toEqual([2, 1, 2, 1]);
  });

  it('of long ago change nothing of who is on line now', async () => {
    const contact = { uri: 'sip:909@192.0.2.1:5060', callId: 'c', remoteAddress: '192.0.2.1:5060', transport: 'UDP' as const, userAgent: 'ua', expiresAt: null, status: 'Reachable', registeredAt: NOW };
    const account: AccountState = { pbx: 'lab', channelType: 'PJSIP', username: '909', description: null, contacts: [contact], since: NOW, updatedAt: NOW };
    const hourAgo = NOW - 3_600 * SECOND;
    await dead(
      { kind: 'account-state', account },
      deadEvent('lab', event('ContactStatus', { uri: 'sip:909@192.0.2.1:5060', contactstatus: 'Removed', aor: '909', endpointname: '909' }, hourAgo), 'x'),
      deadEvent('lab', { kind: 'contacts', channelType: 'PJSIP', complete: true, contacts: [], baseline: true, requestedAt: hourAgo, at: hourAgo }, 'x'),
    );
    expect((await retry()).map(([, { kind }]) => kind)).toEqual(['written', 'written']);
    expect(await readAccountStates(database().knex, 'lab')).toEqual([account]);
    expect(await letters()).toEqual([]);
    // What the event itself says is written, at its own time; the listing says nothing any more.
    const rows = await database().knex('sip_session').select<{ event: string; at: number | string }[]>('event', 'at');
    expect(rows.map((row) => [row.event, Number(row.at)]).sort()).toEqual([['DISCONNECT', hourAgo], ['UNREGISTER', hourAgo]]);
  });
});
