import { defineLog, type RecordOf } from '../columns.js';

export const SIP_EVENTS = ['CONNECT', 'REGISTER', 'UNREGISTER', 'DISCONNECT'] as const;
export type SipEvent = (typeof SIP_EVENTS)[number];

/**
 * Whether a row belongs to an account. `pending`: not known yet, reconciliation looks at it;
 * `bound`: yes; `ambiguous`: several accounts used that socket in that time; `unknown`: nobody
 * proved to be an account there, and nobody will any more.
 */
export const BINDINGS = ['pending', 'bound', 'ambiguous', 'unknown'] as const;
export type Binding = (typeof BINDINGS)[number];

export const sipSessions = defineLog({
  name: 'sip-sessions',
  title: 'SIP Sessions',
  about: 'What each phone and trunk did with the PBX, also what was refused.',
  table: 'sip_session',
  timeColumn: 'timestamp',
  defaultSort: 'timestamp',
  defaultOrder: 'desc',
  tieBreak: ['timestamp'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    timestamp: { db: 'at', title: 'Timestamp', type: 'instant', sortable: true, listed: true },
    event: {
      db: 'event',
      title: 'Event',
      type: 'text',
      maxLength: 10,
      sortable: true,
      filter: SIP_EVENTS,
      listed: true,
      about: 'REGISTER: on line from now on, unless details say why it was refused; UNREGISTER: off line; CONNECT and DISCONNECT: of a connection.',
    },
    source: { db: 'source', title: 'Source', type: 'text', maxLength: 6, listed: true, about: 'Who acted: CLIENT (the phone) or SERVER (the PBX).' },
    peername: {
      db: 'peername',
      title: 'Peername',
      type: 'text',
      optional: true,
      sortable: true,
      filter: true,
      search: 'number',
      listed: true,
      about: 'The SIP user name. Absent: not known, or not known yet, whose connection it is.',
    },
    account: {
      db: 'account',
      title: 'Account',
      type: 'text',
      optional: true,
      listed: true,
      about: 'The name of the person or trunk behind the peername, where the PBX has one.',
    },
    details: {
      db: 'details',
      title: 'Details',
      type: 'text',
      listed: true,
      about: 'The outcome, such as 200 OK or NETWORK_ERROR; of a refusal its reason.',
    },
    userAgent: {
      db: 'user_agent',
      title: 'Useragent',
      type: 'text',
      optional: true,
      listed: true,
      about: "The phone's software, where the PBX says it.",
    },
    remoteAddress: {
      db: 'remote_address',
      title: 'Remoteaddr',
      type: 'text',
      optional: true,
      maxLength: 80,
      filter: true,
      hostDb: 'remote_host',
      search: 'address',
      listed: true,
      about: 'address:port that packets come from. Without a port where the PBX did not say it, as of an IAX2 peer that just registered.',
    },
    transport: { db: 'transport', title: 'Transport', type: 'text', optional: true, maxLength: 4, about: 'UDP, TCP, TLS, WS or WSS.' },
    tlsCipher: {
      db: 'tls_cipher',
      title: 'Tlscipher',
      type: 'text',
      optional: true,
      maxLength: 80,
      listed: true,
      about: 'Absent where the connection has none, or nothing tells it.',
    },
    reconciled: {
      db: 'reconciled',
      title: 'Reconciled',
      type: 'flag',
      filter: ['true', 'false'],
      listed: true,
      about: 'Whether the row is bound to an account.',
    },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64, filter: true, coarseDb: 'pbx_listed' },
    binding: {
      db: 'binding',
      title: 'Binding',
      type: 'text',
      maxLength: 9,
      filter: BINDINGS,
      about: 'pending: looked at again; bound; ambiguous: several accounts used the connection, see candidates; unknown: none proved itself.',
    },
    candidates: {
      db: 'candidates',
      title: 'Candidates',
      type: 'text',
      optional: true,
      maxLength: 1000,
      list: true,
      about: 'The accounts that an ambiguous row may belong to.',
    },
  },
});

/** A row of the log as it is read. */
export type SipSession = RecordOf<typeof sipSessions.columns>;
