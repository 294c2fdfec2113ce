import { defineLog, type RecordOf } from '../columns.js';

export const WEB_EVENT_TYPES = [
  'SUCCESS',
  'SUCCESS_INTERACTIVE',
  'FAIL_BAD_CREDENTIALS',
  'FAIL_LOCKED_OUT',
  'FAIL_ACL',
  'FAIL_AUTH_METHOD',
  'FAIL_LIMIT',
  'FAIL_UNEXPECTED_ADDRESS',
  'LOCKED_OUT',
  'SIGNED_OUT',
] as const;
export type WebEventType = (typeof WEB_EVENT_TYPES)[number];

/** Where somebody signed in: Logbook's console, or a management interface of Asterisk. */
export type WebService = 'CONSOLE' | 'AMI' | 'HTTP' | 'ARI';

export const webSessions = defineLog({
  name: 'web-sessions',
  title: 'Web Sessions',
  about: 'Every sign-in to this console, and to AMI, HTTP and ARI of the PBX.',
  table: 'web_session',
  timeColumn: 'dateCreated',
  defaultSort: 'dateCreated',
  defaultOrder: 'desc',
  tieBreak: ['dateCreated'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    dateCreated: { db: 'at', title: 'Date Created', type: 'instant', sortable: true, listed: true },
    eventType: {
      db: 'event_type',
      title: 'Event Type',
      type: 'text',
      maxLength: 32,
      sortable: true,
      filter: WEB_EVENT_TYPES,
      listed: true,
      about: 'SUCCESS: any that passed; SUCCESS_INTERACTIVE: through the form, which writes a SUCCESS too; FAIL…: refused, and why.',
    },
    principal: { db: 'principal', title: 'Principal', type: 'text', sortable: true, filter: true, search: 'name', listed: true, about: 'The name that was given.' },
    ipAddress: { db: 'ip_address', title: 'IP Address', type: 'text', optional: true, maxLength: 80, filter: true, search: 'address', listed: true },
    service: {
      db: 'service',
      title: 'Service',
      type: 'text',
      maxLength: 16,
      filter: ['CONSOLE', 'AMI', 'HTTP', 'ARI'],
      listed: true,
      about: 'Where: CONSOLE is this one, the others are of the PBX.',
    },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', optional: true, maxLength: 64, filter: true, coarseDb: 'pbx_listed', about: 'Absent for the console.' },
  },
});

/** A row of the log as it is read. */
export type WebSession = RecordOf<typeof webSessions.columns>;
