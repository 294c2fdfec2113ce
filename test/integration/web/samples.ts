import type { Knex } from 'knex';
import { rememberNames } from '../../../src/logs/cdr/caller-names.js';
import { cdrs, type Cdr } from '../../../src/logs/cdr/columns.js';
import { captureGaps, type CaptureGap } from '../../../src/logs/capture-gap/columns.js';
import { toRow, type Columns, type LogDefinition, type RecordOf } from '../../../src/logs/columns.js';
import { eventKey } from '../../../src/logs/key.js';
import { writeDeadLetters } from '../../../src/logs/dead-letter/store.js';
import type { Contact, DeadLetter } from '../../../src/logs/output.js';
import { registeredAccounts, type RegisteredAccount } from '../../../src/logs/registered-account/columns.js';
import { sipSessions, type SipSession } from '../../../src/logs/sip-session/columns.js';
import { parseIso, type Micros } from '../../../src/time.js';

/** A name that a stranger may choose, with a script and a right-to-left override. */
export const HOSTILE = '"><script>document.title="taken"</script>\u202egpj.exe';

export function at(iso: string): Micros {
  const instant = parseIso(iso);
  if (instant === null) throw new Error(`no instant: ${iso}`);
  return instant;
}

let made = 0;

async function insert<C extends Columns>(knex: Knex, log: LogDefinition<C>, records: readonly Omit<RecordOf<C>, 'id'>[]): Promise<void> {
  for (let start = 0; start < records.length; start += 500) {
    const rows = records.slice(start, start + 500).map((record) => ({ event_key: eventKey('sample', (made += 1)), ...toRow(log.columns, record as Partial<RecordOf<C>>) }));
    await knex(log.table).insert(rows);
  }
}

export function sipSession(changes: Partial<SipSession> = {}): Omit<SipSession, 'id'> {
  return {
    timestamp: at('2026-05-10T15:12:24.882Z'),
    event: 'REGISTER',
    source: 'CLIENT',
    peername: '909',
    account: 'Sara',
    details: '200 OK',
    userAgent: 'snom320/8.4.18',
    remoteAddress: '203.0.113.37:28224',
    transport: 'UDP',
    tlsCipher: null,
    reconciled: true,
    binding: 'bound',
    candidates: null,
    pbx: 'pbx-milan',
    ...changes,
  };
}

let drawn = 0;

export function cdr(changes: Partial<Cdr> = {}): Omit<Cdr, 'id'> {
  drawn += 1;
  return {
    callDate: at('2026-05-10T15:12:24.882123Z'),
    answerDate: at('2026-05-10T15:12:29.000000Z'),
    endDate: at('2026-05-10T15:13:49.500000Z'),
    src: '904',
    dst: '909',
    callerId: '"Marco" <904>',
    duration: 85,
    billsec: 80,
    disposition: 'ANSWERED',
    asteriskDisposition: 'ANSWERED',
    channel: 'PJSIP/904-00000012',
    dstchannel: 'PJSIP/909-00000013',
    dcontext: 'internal',
    lastapp: 'Dial',
    lastdata: 'PJSIP/909,30',
    accountcode: '',
    amaflags: 'DOCUMENTATION',
    userfield: '',
    uniqueid: `1778425944.${drawn}`,
    linkedid: `1778425944.${drawn}`,
    sequence: '12',
    peeraccount: '',
    extra: null,
    pbx: 'pbx-milan',
    ...changes,
  };
}

export const insertSipSessions = (knex: Knex, rows: readonly Omit<SipSession, 'id'>[]): Promise<void> => insert(knex, sipSessions, rows);
export async function insertCdrs(knex: Knex, rows: readonly Omit<Cdr, 'id'>[]): Promise<void> {
  await insert(knex, cdrs, rows);
  await rememberNames(knex, rows.map(({ callerId }) => callerId));
}

/** Somebody must have looked for its calls, or not: nothing is due. */
export function gap(changes: Partial<CaptureGap> = {}): Omit<CaptureGap, 'id'> {
  return {
    from: at('2026-05-10T15:00:03Z'),
    to: at('2026-05-10T15:01:07Z'),
    kind: 'GAP',
    pbx: 'pbx-milan',
    reason: 'the PBX closed the connection',
    lost: null,
    recovery: changes.kind === 'LOSS' ? 'none' : 'done',
    recoveredCalls: null,
    recoveryNote: null,
    recoveredAt: null,
    ...changes,
  };
}

export const insertGaps = (knex: Knex, rows: readonly Omit<CaptureGap, 'id'>[]): Promise<void> => insert(knex, captureGaps, rows);
export const insertLetters = (knex: Knex, letters: readonly DeadLetter[]): Promise<number> => writeDeadLetters(knex, letters);

export function contact(changes: Partial<Contact> = {}): Contact {
  return {
    uri: 'sip:909@192.168.1.20:5060',
    callId: 'a7f1c2',
    remoteAddress: '203.0.113.37:28224',
    transport: 'UDP',
    userAgent: 'snom320/8.4.18',
    expiresAt: at('2026-05-10T16:12:24Z'),
    status: 'Reachable',
    registeredAt: at('2026-05-10T15:12:24.882Z'),
    ...changes,
  };
}

/** Writes an account and answers its id. */
export async function insertAccount(knex: Knex, changes: Partial<RegisteredAccount> & { contacts?: readonly Contact[]; online?: boolean } = {}): Promise<number> {
  const { contacts = [contact()], online = contacts.length > 0, ...record } = changes;
  const row = toRow(registeredAccounts.columns, {
    username: '909',
    ipAddress: '203.0.113.37',
    port: 28_224,
    description: 'Sara',
    registrationExpires: at('2026-05-10T16:12:24Z'),
    userAgent: 'snom320/8.4.18',
    transport: 'UDP',
    status: 'Reachable',
    contactCount: contacts.length,
    pbx: 'pbx-milan',
    ...record,
  });
  await knex(registeredAccounts.table).insert({
    ...row,
    channel_type: 'PJSIP',
    online: online ? 1 : 0,
    contacts: JSON.stringify(contacts),
    since: at('2026-05-10T15:12:24.882Z'),
    updated_at: at('2026-05-10T15:40:00Z'),
  });
  const found = await knex<{ id: number; username: string }>(registeredAccounts.table).where({ username: String(row['username']) }).first('id');
  return found?.id ?? 0;
}
