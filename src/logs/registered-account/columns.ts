import { defineLog, type RecordOf } from '../columns.js';

export const registeredAccounts = defineLog({
  name: 'registered-accounts',
  title: 'Registered Accounts',
  table: 'registered_account',
  timeColumn: 'registrationExpires',
  defaultSort: 'username',
  defaultOrder: 'asc',
  tieBreak: [],
  onlyWhere: 'online',
  columns: {
    id: { db: 'id', title: 'Id', type: 'id', sortable: true, listed: true },
    username: { db: 'username', title: 'Username', type: 'text', sortable: true, filter: true, listed: true },
    ipAddress: { db: 'ip_address', title: 'IpAddr', type: 'text', optional: true, maxLength: 80, sortable: true, filter: true, listed: true },
    port: { db: 'port', title: 'Port', type: 'integer', optional: true, listed: true },
    description: { db: 'description', title: 'Description', type: 'text', optional: true, sortable: true, listed: true },
    registrationExpires: {
      db: 'registration_expires',
      title: 'Registration Expires',
      type: 'instant',
      optional: true,
      sortable: true,
      listed: true,
    },
    userAgent: { db: 'user_agent', title: 'UserAgent', type: 'text', optional: true, listed: true },
    transport: { db: 'transport', title: 'Transport', type: 'text', optional: true, maxLength: 4 },
    status: { db: 'status', title: 'Status', type: 'text', maxLength: 32 },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64 },
    contactCount: { db: 'contact_count', title: 'Contacts', type: 'integer' },
  },
});

/** A row of the list as it is read: an account that is on line. */
export type RegisteredAccount = RecordOf<typeof registeredAccounts.columns>;
