import { describe, expect, it } from 'vitest';
import { fromMs, toIso, type Micros } from '../../src/time.js';
import { capture, replay, type Replayed } from './replay.js';

/** What a phone really did, from the phone's side. */
interface Truth {
  readonly at: string;
  readonly action: 'REGISTER' | 'CONNECT' | 'CLOSE' | 'INVITE';
  readonly user: string;
  readonly transport: string;
  readonly remote: string;
  readonly userAgent: string;
  readonly expires?: number;
  readonly result?: string;
  readonly to?: string;
}

const SECOND: Micros = 1_000_000;

function truthOf(name: string): Truth[] {
  return capture(`${name}.truth.jsonl`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Truth);
}

const instant = (truth: Truth): Micros => fromMs(Date.parse(truth.at));

describe.each(['asterisk-22-pjsip', 'asterisk-16-pjsip', 'asterisk-16-chan_sip'])('%s: the log says what the phones did', (name) => {
  const replayed = replay(capture(`${name}.ami`));
  // Both recordings of Asterisk 16 ran at once for a while: each is held against its own phones.
  const others = new Set(name === 'asterisk-16-pjsip' ? truthOf('asterisk-16-chan_sip').map((t) => t.remote) : []);
  const sessions = replayed.sessions().filter((row) => !others.has(row.remoteAddress ?? ''));
  const truth = truthOf(name);

  it('has one REGISTER row for each REGISTER that was granted, and no other', () => {
    const granted = truth.filter((t) => t.action === 'REGISTER' && t.result === '200 OK' && t.expires !== 0);
    const rows = sessions.filter((row) => row.event === 'REGISTER' && row.details === '200 OK' && row.source === 'CLIENT');
    expect(rows.map((row) => `${row.peername} ${row.remoteAddress} ${row.transport}`)).toEqual(
      granted.sort(byTime).map((t) => `${t.user} ${t.remote} ${t.transport.toUpperCase()}`),
    );
    rows.forEach((row, index) => expect(Math.abs(row.timestamp - instant(granted[index] ?? fail()))).toBeLessThan(SECOND / 10));
  });

  it('has one REGISTER row with the reason for each that was refused, and no other', () => {
    const refused = truth.filter((t) => t.action === 'REGISTER' && t.result !== '200 OK').sort(byTime);
    const rows = sessions.filter((row) => row.event === 'REGISTER' && row.details !== '200 OK' && row.source === 'CLIENT');
    expect(rows.map((row) => `${row.peername} ${row.remoteAddress}`)).toEqual(refused.map((t) => `${t.user} ${t.remote}`));
    for (const row of rows) expect(row.details).toMatch(/^(CHALLENGE_RESPONSE_FAILED|INVALID_ACCOUNT_ID|INVALID_PASSWORD|INVALID_TRANSPORT)$/);
  });

  it('has one UNREGISTER row by the client for each that a phone asked for', () => {
    const asked = truth.filter((t) => t.action === 'REGISTER' && t.result === '200 OK' && t.expires === 0).sort(byTime);
    const rows = sessions.filter((row) => row.event === 'UNREGISTER' && row.source === 'CLIENT');
    expect(rows.map((row) => `${row.peername} ${row.remoteAddress}`)).toEqual(asked.map((t) => `${t.user} ${t.remote}`));
    for (const row of rows) expect(row.details).toMatch(/^200 OK(, 1 contact left)?$/);
  });

  it('has one UNREGISTER row by the server for each registration that nobody ended', () => {
    const left = openRegistrations(truth);
    const rows = sessions.filter((row) => row.event === 'UNREGISTER' && row.source === 'SERVER' && row.remoteAddress !== null);
    // The chan_sip capture was made of a PBX where two PJSIP contacts of the other one expired meanwhile.
    expect(rows.map((row) => `${row.peername} ${row.details}`).sort()).toEqual(
      name !== 'asterisk-16-chan_sip' ? left.map((t) => `${t.user} EXPIRED`).sort() : [],
    );
  });

  it('knows the user agent of every phone that stayed long enough to be listed', () => {
    const byAddress = new Map(truth.map((t) => [t.remote, t.userAgent]));
    const rows = sessions.filter((row) => row.userAgent !== null && row.remoteAddress !== null);
    for (const row of rows) expect(row.userAgent).toBe(byAddress.get(row.remoteAddress ?? ''));
    if (name !== 'asterisk-16-chan_sip') expect(rows.length).toBeGreaterThan(10);
  });

  it('has every phone arrive once before it does anything', () => {
    for (const remote of new Set(truth.map((t) => t.remote))) {
      const rows = sessions.filter((row) => row.remoteAddress === remote);
      const silent = truth.every((t) => t.remote !== remote || t.action === 'CONNECT' || t.action === 'CLOSE');
      if (rows.length === 0 && silent) continue;
      expect(rows.filter((row) => row.event === 'CONNECT')).toHaveLength(1);
      expect(rows[0]?.event).toBe('CONNECT');
    }
  });

  it('leaves nobody on line whose registration ended', () => {
    const last = new Map(replayed.of('account-state').map(({ account }) => [account.username, account.contacts.length]));
    for (const { user } of truth) if (last.has(user)) expect(`${user} ${last.get(user)}`).toBe(`${user} 0`);
    expect(last.size).toBeGreaterThan(0);
  });
});

describe.each(['asterisk-22-pjsip', 'asterisk-16-pjsip'])('%s: connections', (name) => {
  const sessions = replay(capture(`${name}.ami`)).sessions();
  const truth = truthOf(name);

  it('has CONNECT and DISCONNECT of every TCP and TLS connection, also the one that never authenticated', () => {
    for (const opened of truth.filter((t) => t.action === 'CONNECT')) {
      const closed = truth.find((t) => t.action === 'CLOSE' && t.remote === opened.remote);
      const rows = sessions.filter((row) => row.remoteAddress === opened.remote && (row.event === 'CONNECT' || row.event === 'DISCONNECT'));
      expect(rows.map((row) => row.event)).toEqual(['CONNECT', 'DISCONNECT']);
      expect((rows[0]?.timestamp ?? 0) - instant(opened)).toBeLessThan(2.5 * SECOND);
      expect((rows[1]?.timestamp ?? 0) - instant(closed ?? fail())).toBeLessThan(2.5 * SECOND);
    }
  });

  it('tells a connection that broke under a registration from one that was closed', () => {
    const details = sessions.filter((row) => row.event === 'DISCONNECT' && row.transport !== 'UDP').map((row) => `${row.remoteAddress} ${row.details}`);
    expect(details.map((detail) => detail.replace(/:\d+/, ''))).toEqual(['127.94.55.145 CLOSED', '127.81.235.232 NETWORK_ERROR', '127.30.186.117 NETWORK_ERROR']);
  });
});

describe.each(['asterisk-22', 'asterisk-16'])('%s: calls', (name) => {
  const files = name === 'asterisk-22' ? ['asterisk-22-pjsip'] : ['asterisk-16-pjsip', 'asterisk-16-chan_sip'];
  const cdrs = new Map(files.flatMap((file) => replay(capture(`${file}.ami`)).of('cdr').map(({ row }) => [row.key, row])));

  it('agree with what the PBX wrote to Master.csv, call by call', () => {
    const lines = capture(`${name}-Master.csv`).split('\n').filter((line) => line !== '');
    expect(cdrs.size).toBe(lines.length);
    for (const line of lines) {
      // All fields but the last are quoted or numbers, and none holds a comma inside.
      const fields = line.split(',').map((field) => field.replace(/^"|"$/g, '').replaceAll('""', '"'));
      const row = [...cdrs.values()].find((cdr) => cdr.uniqueid === fields.at(-2)) ?? fail();
      const [accountcode, src, dst, dcontext, callerId] = fields;
      expect({ accountcode: row.accountcode, src: row.src, dst: row.dst, dcontext: row.dcontext, callerId: row.callerId }).toEqual({ accountcode, src, dst, dcontext, callerId });
      expect(fields).toContain(row.asteriskDisposition);
      expect(fields).toContain(toIso(row.callDate).slice(0, 19).replace('T', ' '));
    }
  });

  it('have the four dispositions', () => {
    const words = new Set([...cdrs.values()].map((row) => `${row.asteriskDisposition} -> ${row.disposition}`));
    expect([...words].sort()).toEqual(['ANSWERED -> ANSWERED', 'BUSY -> BUSY', 'CONGESTION -> FAILED', 'NO ANSWER -> NO_ANSWER']);
  });
});

describe('one happening makes one row', () => {
  it('whatever is received twice in a row', () => {
    const text = capture('asterisk-22-pjsip.ami');
    const twice = text
      .split('\r\n\r\n')
      .flatMap((block) => (/^Event: (?!ContactList)/.test(block) ? [block, block] : [block]))
      .join('\r\n\r\n');
    expect(keys(replay(twice))).toEqual(keys(replay(text)));
  });
});

const keys = (replayed: Replayed): string[] => [
  ...replayed.sessions().map((row) => `${row.event} ${row.peername} ${row.remoteAddress} ${row.timestamp} ${row.details}`),
  ...new Set(replayed.of('cdr').map(({ row }) => row.key)),
];

function openRegistrations(truth: readonly Truth[]): Truth[] {
  const open = new Map<string, Truth>();
  for (const t of truth) {
    if (t.action !== 'REGISTER' || t.result !== '200 OK') continue;
    if (t.expires === 0) open.delete(`${t.user} ${t.remote}`);
    else open.set(`${t.user} ${t.remote}`, t);
  }
  return [...open.values()];
}

const byTime = (a: Truth, b: Truth): number => instant(a) - instant(b);

function fail(): never {
  throw new Error('the capture and its truth do not match');
}
