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
  table: 'sip_session',
  timeColumn: 'timestamp',
  defaultSort: 'timestamp',
  defaultOrder: 'desc',
  tieBreak: ['timestamp'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    timestamp: { db: 'at', title: 'Timestamp', type: 'instant', sortable: true, listed: true },
    event: { db: 'event', title: 'Event', type: 'text', maxLength: 10, sortable: true, filter: SIP_EVENTS, listed: true },
    source: { db: 'source', title: 'Source', type: 'text', maxLength: 6, listed: true },
    peername: { db: 'peername', title: 'Peername', type: 'text', optional: true, sortable: true, filter: true, listed: true },
    account: { db: 'account', title: 'Account', type: 'text', optional: true, listed: true },
    details: { db: 'details', title: 'Details', type: 'text', listed: true },
    userAgent: { db: 'user_agent', title: 'Useragent', type: 'text', optional: true, listed: true },
    remoteAddress: { db: 'remote_address', title: 'Remoteaddr', type: 'text', optional: true, maxLength: 80, filter: true, listed: true },
    transport: { db: 'transport', title: 'Transport', type: 'text', optional: true, maxLength: 4 },
    tlsCipher: { db: 'tls_cipher', title: 'Tlscipher', type: 'text', optional: true, maxLength: 80, listed: true },
    reconciled: { db: 'reconciled', title: 'Reconciled', type: 'flag', filter: ['true', 'false'], listed: true },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64 },
    binding: { db: 'binding', title: 'Binding', type: 'text', maxLength: 9, filter: BINDINGS },
    candidates: { db: 'candidates', title: 'Candidates', type: 'text', optional: true, maxLength: 1000 },
  },
});

/** A row of the log as it is read. */
export type SipSession = RecordOf<typeof sipSessions.columns>;
