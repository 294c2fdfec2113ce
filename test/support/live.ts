import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { startAsterisk, type Asterisk, type AsteriskOptions } from './asterisk.js';
import { amiSettings, eventually, Logbook, type Row } from './logbook.js';
import { freshDatabase } from './mariadb.js';
import { describeWith, type Need } from './needs.js';
import { TcpPhone, UdpPhone, type PhoneOptions, type Seen } from './phones.js';
import { TlsPhone } from './tls-phone.js';

export interface Live {
  readonly pbx: Asterisk;
  readonly logbook: Logbook;
  udp(user: string, options?: Partial<PhoneOptions>): Promise<UdpPhone>;
  tcp(user: string, options?: Partial<PhoneOptions>): TcpPhone;
  tls(user: string, options?: Partial<PhoneOptions>): Promise<TlsPhone>;
}

/** How a PBX and the service beside it are set up for a file of live tests. */
export interface Setup extends AsteriskOptions {
  readonly needs?: readonly Need[];
  readonly settings?: Readonly<Record<string, string>>;
  /** Speak AMI over TLS. */
  readonly amiTls?: boolean;
  /** AMI login; the one of docker/asterisk/manager.conf when not given. */
  readonly login?: { readonly username: string; readonly secret: string };
  /** MariaDB and Redis instead of the embedded default. */
  readonly servers?: boolean;
}

/** Both PBXs, as a live test meets them: one with the embedded default, one with MariaDB, Redis and AMI over TLS. */
export const BOTH: readonly Setup[] = [
  { version: 16 },
  { version: 22, servers: true, amiTls: true },
];

/** A real Asterisk with the service beside it, for all tests of the body. */
export function describeLive(setup: Setup, name: string, body: (live: () => Live) => void): void {
  const needs: Need[] = [`asterisk-${setup.version}`, 'sipp', ...(setup.servers === true ? (['mariadb', 'redis'] as const) : []), ...(setup.needs ?? [])];
  describeWith(needs, `${name}, Asterisk ${setup.version}`, () => {
    let live: Live | undefined;
    let undo: (() => Promise<void>)[] = [];
    const phones: { close(): Promise<void> }[] = [];

    beforeAll(async () => {
      const pbx = await startAsterisk(setup);
      undo.push(() => pbx.stop());
      const servers: Record<string, string> = {};
      if (setup.servers === true) {
        const database = await freshDatabase(inject('mariaDbUrl'));
        undo.push(() => database.drop());
        servers['DATABASE_URL'] = database.url;
        servers['REDIS_URL'] = inject('redisUrl');
      }
      const login = setup.login === undefined ? {} : { AMI_USERNAME: setup.login.username, AMI_SECRET: setup.login.secret };
      const logbook = await Logbook.start({ ...amiSettings(pbx, { tls: setup.amiTls === true }), ...login, ...servers, ...setup.settings });
      undo.push(() => logbook.stop());
      const keep = <P extends { close(): Promise<void> }>(phone: P): P => {
        phones.push(phone);
        return phone;
      };
      live = {
        pbx,
        logbook,
        udp: async (user, options) => keep(await UdpPhone.at({ user, port: pbx.sipPort, ...options })),
        tcp: (user, options) => keep(new TcpPhone({ user, port: pbx.sipPort, ...options })),
        tls: async (user, options) => keep(await TlsPhone.start({ user, port: pbx.sipTlsPort, ...options })),
      };
    });
    afterEach(async () => {
      await Promise.all(phones.splice(0).map((phone) => phone.close()));
    });
    afterAll(async () => {
      // The service goes first, and the PBX, which it watches, last.
      for (const step of undo.reverse()) await step();
      undo = [];
    });

    body(() => {
      if (live === undefined) throw new Error('the PBX and the service have not started');
      return live;
    });
  });
}

/** One row of the session log, by what a reader of the page would compare. */
export interface Session {
  readonly event: string;
  readonly source: string;
  readonly details: string;
  readonly remoteAddress: string | null;
  /** When it happened by the phone's clock, ms since 1970. */
  readonly at: number;
  /** How far off it may be; a second when not given. */
  readonly withinMs?: number;
}

/** A registration that the phone saw accepted. */
export const registered = (seen: Seen): Session => ({ event: 'REGISTER', source: 'CLIENT', details: '200 OK', remoteAddress: seen.remote, at: seen.at });

/** Phone and PBX share a clock here; what lies between them is scheduling. */
const TOLERANCE_MS = 1_000;

/** Waits until an account's registrations since `from` are exactly these, oldest first, each within a second of the phone's time. */
export async function expectRegistrations(logbook: Logbook, peername: string, from: number, expected: readonly Session[], timeoutMs?: number): Promise<Row[]> {
  return eventually(async () => {
    const rows = await logbook.rows('sip-sessions', { peername, from: new Date(from).toISOString(), order: 'asc', sort: 'timestamp' });
    const registrations = rows.filter((row) => row['event'] === 'REGISTER' || row['event'] === 'UNREGISTER');
    expectSessions(registrations, expected);
    return registrations;
  }, timeoutMs);
}

export function expectSessions(rows: readonly Row[], expected: readonly Session[]): void {
  const short = (session: Row | Session): string => ['event', 'source', 'details', 'remoteAddress'].map((name) => String((session as Row)[name])).join(' | ');
  expect(rows.map(short)).toEqual(expected.map(short));
  for (const [index, session] of expected.entries()) {
    const offMs = Math.abs(Date.parse(String(rows[index]?.['timestamp'])) - session.at);
    expect(offMs, `${short(session)} is ${offMs} ms off`).toBeLessThan(session.withinMs ?? TOLERANCE_MS);
  }
}
