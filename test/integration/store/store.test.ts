import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { LogDefinition } from '../../../src/logs/columns.js';
import { parseListQuery, sortNames, type QueryParameters } from '../../../src/logs/list-query.js';
import { listAll, listPage } from '../../../src/logs/listing.js';
import type { AccountState, Contact, NewCdr, NewSipSession, Output } from '../../../src/logs/output.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { readAccountStates } from '../../../src/logs/registered-account/store.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { sessionRow } from '../../../src/logs/sip-session/rows.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeEachDatabase } from '../../support/databases.js';

const HOSTILE = `<script>alert(1)</script> "' \\ \u{1F4DE} Zoë Çelik \u202E ünï; DROP TABLE cdr --`;

function cdr(n: number, fields: Partial<NewCdr> = {}): Output {
  const row: NewCdr = {
    key: `key-${n}`,
    callDate: 1_000_000 + Math.floor(n / 3),
    answerDate: null,
    endDate: 2_000_000,
    src: `90${n % 4}`,
    dst: '908',
    callerId: HOSTILE,
    duration: n % 5,
    billsec: 0,
    disposition: n % 2 === 0 ? 'ANSWERED' : 'BUSY',
    asteriskDisposition: 'ANSWERED',
    channel: 'PJSIP/904-00000001',
    dstchannel: '',
    dcontext: 'lab',
    lastapp: 'Dial',
    lastdata: '',
    accountcode: '=1+1',
    amaflags: 'DOCUMENTATION',
    userfield: '',
    uniqueid: `1795369894.${n}`,
    linkedid: `1795369894.${n}`,
    sequence: String(n),
    peeraccount: '',
    extra: '{"a":"b"}',
    pbx: 'lab',
    ...fields,
  };
  return { kind: 'cdr', row };
}

const session = (at: number, peername: string): NewSipSession =>
  sessionRow('lab', { at, event: 'REGISTER', source: 'CLIENT', details: '200 OK', peername, binding: 'bound' });

function account(username: string, updatedAt: number, contacts = 1): AccountState {
  const contact = { uri: `sip:${username}@192.0.2.1:5060`, callId: 'c', remoteAddress: '[2001:db8::1]:5061', transport: 'TLS' as const, userAgent: 'ua', expiresAt: 9_000_000, status: 'Reachable', registeredAt: 5 };
  return { pbx: 'lab', channelType: 'PJSIP', username, description: 'Zoë', contacts: Array.from({ length: contacts }, () => contact), since: 5, updatedAt };
}

describeEachDatabase('migrations', (database) => {
  it('go up, down and up again', async () => {
    const { knex } = database();
    await knex.migrate.latest();
    expect(await knex.schema.hasTable('cdr')).toBe(true);
    await knex.migrate.rollback(undefined, true);
    for (const table of ['cdr', 'sip_session', 'web_session', 'registered_account', 'console_user', 'job_run']) {
      expect(await knex.schema.hasTable(table)).toBe(false);
    }
    await knex.migrate.latest();
    await knex.migrate.latest();
    expect(await knex.schema.hasTable('console_user')).toBe(true);
  });
});

describeEachDatabase('the four logs', (database) => {
  const page = async (log: LogDefinition, parameters: QueryParameters) => listPage(database().knex, log, parseListQuery(log, parameters));

  it('keep every field as it was, to the microsecond and the last character', async () => {
    const written = cdr(1, { callDate: 1_795_369_894_437_993, src: HOSTILE.slice(0, 70) });
    await writeBatch(database(), [written], 'listener');
    const { records } = await page(cdrs, { uniqueid: '1795369894.1' });
    expect(written.kind).toBe('cdr');
    if (written.kind !== 'cdr') return;
    const { key, ...fields } = written.row;
    expect(key).toBe('key-1');
    expect(records).toEqual([{ ...fields, id: expect.any(Number) as number }]);
    await database().knex('cdr').del();
  });

  it('have one row for what is written twice, also within one batch', async () => {
    const batch: Output[] = [cdr(1), cdr(1), cdr(2), { kind: 'sip-session', row: session(7, '909') }, { kind: 'sip-session', row: session(7, '909') }];
    await writeBatch(database(), batch, 'listener');
    await writeBatch(database(), batch, 'listener');
    expect((await page(cdrs, {})).records).toHaveLength(2);
    expect((await page(sipSessions, {})).records).toHaveLength(1);
  });

  it('write a batch whole or not at all', async () => {
    const bad = { kind: 'cdr', row: { ...(cdr(99) as Extract<Output, { kind: 'cdr' }>).row, duration: Number.NaN } } as const;
    await expect(writeBatch(database(), [cdr(98), bad], 'listener')).rejects.toThrow();
    expect((await page(cdrs, { uniqueid: '1795369894.98' })).records).toEqual([]);
  });

  it.each(['asc', 'desc'])('are paged without a repeat or a gap, %s, by every sort key, while rows come in', async (order) => {
    await writeBatch(database(), Array.from({ length: 60 }, (_, n) => cdr(n + 1)), 'listener');
    for (const sort of sortNames(cdrs.columns)) {
      const seen: number[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { records, next }: Awaited<ReturnType<typeof page>> = await page(cdrs, { sort, order, limit: '7', cursor });
        seen.push(...records.map(({ id }) => Number(id)));
        cursor = next;
      }
      const all = await database().knex('cdr').select('id');
      expect(new Set(seen).size).toBe(all.length);
      expect(seen).toHaveLength(all.length);
    }
  });

  it('are listed whole in blocks', async () => {
    const blocks: number[] = [];
    for await (const records of listAll(database().knex, cdrs, parseListQuery(cdrs, { src: '901' }), 4)) blocks.push(records.length);
    expect(blocks.reduce((sum, length) => sum + length, 0)).toBe(15);
    expect(Math.max(...blocks)).toBe(4);
  });

  it('are cut by half-open time ranges', async () => {
    const at = (micros: number): string => new Date(micros / 1_000).toISOString();
    const { records } = await page(cdrs, { from: at(1_000_000), to: at(2_000_000), limit: '1000' });
    expect(records).toHaveLength(60);
    await writeBatch(database(), [{ kind: 'sip-session', row: session(8_000_000, '777') }, { kind: 'sip-session', row: session(9_000_000, '777') }], 'listener');
    expect((await page(sipSessions, { peername: '777', from: at(8_000_000), to: at(9_000_000) })).records).toHaveLength(1);
  });

  it('know the difference between upper and lower case', async () => {
    await writeBatch(database(), [{ kind: 'sip-session', row: session(10, 'Bob') }, { kind: 'sip-session', row: session(11, 'bob') }], 'listener');
    expect((await page(sipSessions, { peername: 'bob' })).records).toHaveLength(1);
  });
});

describeEachDatabase('account states', (database) => {
  it('are read back as they were written, one row an account, the newest state', async () => {
    await writeBatch(database(), [{ kind: 'account-state', account: account('909', 10) }, { kind: 'account-state', account: account('909', 20, 2) }], 'listener');
    await writeBatch(database(), [{ kind: 'account-state', account: account('909', 15, 0) }], 'listener');
    expect(await readAccountStates(database().knex, 'lab')).toEqual([account('909', 20, 2)]);
    const { records } = await listPage(database().knex, registeredAccounts, parseListQuery(registeredAccounts, {}));
    expect(records).toMatchObject([{ username: '909', ipAddress: '2001:db8::1', port: 5_061, transport: 'TLS', contactCount: 2, description: 'Zoë', status: 'Reachable' }]);
  });

  it('are listed only while the account is on line', async () => {
    const { knex } = database();
    const before = await knex('registered_account').select('id');
    await writeBatch(database(), [{ kind: 'account-state', account: account('909', 30, 0) }], 'listener');
    expect((await listPage(knex, registeredAccounts, parseListQuery(registeredAccounts, {}))).records).toEqual([]);
    expect(await knex('registered_account').select('id')).toEqual(before);
  });

  describe('that two listeners tell', () => {
    const tell = (listener: string, state: AccountState): Promise<number> => writeBatch(database(), [{ kind: 'account-state', account: state }], listener);
    const contactOf = (state: AccountState, fields: Partial<Contact>): AccountState => ({ ...state, contacts: state.contacts.map((contact) => ({ ...contact, ...fields })) });
    const read = async (username: string): Promise<AccountState | undefined> => (await readAccountStates(database().knex, 'lab')).find((state) => state.username === username);
    const unknown = { remoteAddress: null, transport: null, userAgent: null, expiresAt: null, registeredAt: null } as const;
    let names = 0;
    const someone = (updatedAt: number, contacts = 1): AccountState => account(`two${names}`, updatedAt, contacts);
    beforeEach(() => void (names += 1));

    it('keep what one of them knows and the other does not, whoever writes first', async () => {
      for (const order of [['knows', 'ignorant'], ['ignorant', 'knows']] as const) {
        names += 1;
        const states = { knows: someone(10), ignorant: { ...contactOf(someone(20), { ...unknown, status: 'Unreachable' }), description: null, since: null } };
        for (const listener of order) await tell(listener, states[listener]);
        expect(await read(`two${names}`)).toEqual({ ...contactOf(someone(20), { status: 'Unreachable' }) });
        const { records } = await listPage(database().knex, registeredAccounts, parseListQuery(registeredAccounts, { username: `two${names}` }));
        expect(records).toMatchObject([{ ipAddress: '2001:db8::1', port: 5_061, transport: 'TLS', userAgent: 'ua', description: 'Zoë', status: 'Unreachable', registrationExpires: 9_000_000 }]);
      }
    });

    it('take nothing from another registration, and the newer of what both know', async () => {
      await tell('a', someone(10));
      await tell('b', contactOf(someone(20), { ...unknown, callId: 'd' }));
      expect(await read(`two${names}`)).toEqual(contactOf(someone(20), { ...unknown, callId: 'd' }));
      await tell('a', contactOf(someone(30), { callId: 'd', userAgent: 'new', remoteAddress: '192.0.2.9:5060', transport: 'UDP' }));
      await tell('b', contactOf(someone(25), { callId: 'd', userAgent: 'old', remoteAddress: '192.0.2.8:5060', transport: 'UDP', registeredAt: null }));
      expect((await read(`two${names}`))?.contacts).toMatchObject([{ userAgent: 'new', remoteAddress: '192.0.2.9:5060' }]);
    });

    it('go off line with the newer one, and have nothing of before when they are back', async () => {
      await tell('a', someone(10));
      await tell('b', { ...someone(20, 0), since: null });
      expect(await read(`two${names}`)).toMatchObject({ contacts: [], since: null });
      await tell('a', contactOf(someone(30), unknown));
      expect((await read(`two${names}`))?.contacts).toMatchObject([unknown]);
    });

    it('are not taken back by one that is hours behind, but by a clock that is set back', async () => {
      const hour = 3_600_000_000;
      await tell('ahead', someone(3 * hour, 0));
      await tell('behind', someone(hour));
      expect(await read(`two${names}`)).toEqual(someone(3 * hour, 0));
      await tell('ahead', someone(2 * hour));
      expect(await read(`two${names}`)).toEqual(someone(2 * hour));
    });

    it('lose nothing when both write at once', async () => {
      const usernames = Array.from({ length: 30 }, (_, n) => `once${n}`);
      await Promise.all(usernames.flatMap((username, n) => [tell('a', contactOf(account(username, 10), { userAgent: null })), tell('b', contactOf(account(username, 10 + (n % 2)), { remoteAddress: null, transport: null }))]));
      for (const username of usernames) expect((await read(username))?.contacts).toEqual(account(username, 10).contacts);
      await database().knex('registered_account').where('username', 'like', 'once%').del();
    });
    afterAll(() => database().knex('registered_account').where('username', 'like', 'two%').del());
  });

  it('have an address without a port where the PBX said none', async () => {
    const known = account('branch', 10);
    const portless = { ...known, channelType: 'IAX2' as const, contacts: known.contacts.map((contact) => ({ ...contact, remoteAddress: '127.9.9.9', transport: null })) };
    await writeBatch(database(), [{ kind: 'account-state', account: portless }], 'listener');
    const { records } = await listPage(database().knex, registeredAccounts, parseListQuery(registeredAccounts, { username: 'branch' }));
    expect(records).toMatchObject([{ ipAddress: '127.9.9.9', port: null, transport: null }]);
    await writeBatch(database(), [{ kind: 'account-state', account: { ...portless, contacts: [], updatedAt: 11 } }], 'listener');
  });
});

describeEachDatabase('details that come later', (database) => {
  it('fill what is blank and leave what stands', async () => {
    const row = session(7, '909');
    await writeBatch(database(), [{ kind: 'sip-session', row }, { kind: 'sip-session-detail', key: row.key, userAgent: 'snom', account: null }], 'listener');
    await writeBatch(database(), [{ kind: 'sip-session-detail', key: row.key, userAgent: 'other', account: 'Sara' }], 'listener');
    const { records } = await listPage(database().knex, sipSessions, parseListQuery(sipSessions, {}));
    expect(records).toMatchObject([{ userAgent: 'snom', account: 'Sara' }]);
  });
});
