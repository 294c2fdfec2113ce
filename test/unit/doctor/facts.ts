import type { DatabaseFacts } from '../../../src/doctor/database-facts.js';
import type { AmiTarget, LoginFacts, PbxFacts } from '../../../src/doctor/pbx-facts.js';

export const target: AmiTarget = { host: 'pbx.example.net', port: 5038, username: 'logbook', tls: false, verified: false };

/** A login at which nothing is to be said. */
export const login: LoginFacts = {
  loopback: true,
  abilities: { actions: new Set(['pjsipshowcontacts', 'getvar', 'command', 'dbput']), asteriskVersion: '22.10.1' },
  heardSystem: true,
  heardSecurity: true,
  heardTimestamp: true,
  unreadClasses: [],
  settings: { timestampEvents: true, disabledEvents: [] },
  cdr: { logging: true, batch: false, unanswered: true, congestion: true, overAmi: 'running' },
  mapped: ['start,u=StartEpoch', 'answer,u=AnswerEpoch', 'end,u=EndEpoch', 'linkedid=LinkedID', 'sequence=Sequence', 'peeraccount=PeerAccount'],
  channelDrivers: ['chan_pjsip'],
  transports: [{ name: 'transport-tls', type: 'tls', bind: '0.0.0.0:5061' }],
  updatesOnRefresh: false,
  monitors: 3,
  contacts: { count: 3, unqualified: [] },
  offsetSeconds: 3_600,
  clockAheadMs: -12,
  cutShort: null,
};

export const up = (changes: Partial<LoginFacts> = {}): PbxFacts => ({ kind: 'up', target, login: { ...login, ...changes } });

export const sqlite: Extract<DatabaseFacts, { kind: 'sqlite' }> = {
  kind: 'sqlite',
  place: './data/logbook.sqlite',
  writable: true,
  freeBytes: 50e9,
  content: { version: '3.51.0', migrations: { kind: 'some', pending: [], strange: [] }, calls: { newest: 20, exact: 20, newestIsExact: true, linked: 20, numbered: 20 } },
};

export const mysql: Extract<DatabaseFacts, { kind: 'mysql' }> = {
  kind: 'mysql', place: 'db:3306/logbook', version: '10.11.14-MariaDB', timeZone: 'SYSTEM', charset: 'latin1', readOnly: false, flushAtCommit: 1,
  migrations: { kind: 'some', pending: [], strange: [] }, calls: null,
};
