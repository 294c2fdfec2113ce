import { defineLog, type RecordOf } from '../columns.js';

/** Every account that was ever told of, on line or not. */
export const knownAccounts = defineLog({
  name: 'registered-accounts',
  title: 'Registered Accounts',
  about: 'The accounts on line now.',
  table: 'registered_account',
  timeColumn: 'registrationExpires',
  defaultSort: 'username',
  defaultOrder: 'asc',
  tieBreak: [],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id', sortable: true, listed: true },
    username: { db: 'username', title: 'Username', type: 'text', sortable: true, filter: true, search: 'number', listed: true },
    ipAddress: {
      db: 'ip_address',
      title: 'IpAddr',
      type: 'text',
      optional: true,
      maxLength: 80,
      sortable: true,
      filter: true,
      search: 'address',
      listed: true,
      about: 'Of the newest contact, as seen on the wire, else as the phone claims.',
    },
    port: { db: 'port', title: 'Port', type: 'integer', optional: true, listed: true, about: 'To ipAddress.' },
    description: {
      db: 'description',
      title: 'Description',
      type: 'text',
      optional: true,
      sortable: true,
      listed: true,
      about: 'The name of the person or trunk, where the PBX has one.',
    },
    registrationExpires: {
      db: 'registration_expires',
      title: 'Registration Expires',
      type: 'instant',
      optional: true,
      sortable: true,
      listed: true,
      about: 'Of the newest contact. Absent where the PBX does not say it.',
    },
    userAgent: {
      db: 'user_agent',
      title: 'UserAgent',
      type: 'text',
      optional: true,
      listed: true,
      about: "The phone's software, where the PBX says it.",
    },
    transport: { db: 'transport', title: 'Transport', type: 'text', optional: true, maxLength: 4, about: 'UDP, TCP, TLS, WS or WSS.' },
    status: {
      db: 'status',
      title: 'Status',
      type: 'text',
      maxLength: 32,
      about: 'The word of the PBX on the newest contact: Reachable, Unreachable, NonQualified.',
    },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64, filter: true },
    contactCount: { db: 'contact_count', title: 'Contacts', type: 'integer', about: 'How many contacts are registered for the account.' },
  },
});

export const registeredAccounts = defineLog({ ...knownAccounts, onlyWhere: 'online' });

/** A row of the list as it is read: an account that is on line. */
export type RegisteredAccount = RecordOf<typeof registeredAccounts.columns>;
