import { defineLog, type RecordOf } from '../columns.js';

/** `UNKNOWN` is for a word that no Asterisk we know says; `asteriskDisposition` keeps it. */
export const DISPOSITIONS = ['ANSWERED', 'NO_ANSWER', 'BUSY', 'FAILED', 'UNKNOWN'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export const cdrs = defineLog({
  name: 'cdrs',
  title: 'Call Detailed Record',
  about: 'Every call, pure and unfiltered: a row for each CDR of the PBX. A call of several legs has a row for each, with one linkedid.',
  table: 'cdr',
  timeColumn: 'callDate',
  defaultSort: 'callDate',
  defaultOrder: 'desc',
  tieBreak: ['callDate'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    callDate: { db: 'call_date', title: 'Call Date', type: 'precise-instant', sortable: true, listed: true, about: 'When the call began.' },
    answerDate: {
      db: 'answer_date',
      title: 'Answer Date',
      type: 'precise-instant',
      optional: true,
      about: 'Absent: nobody answered, or the PBX did not say when.',
    },
    endDate: { db: 'end_date', title: 'End Date', type: 'precise-instant', optional: true, about: 'Absent: the PBX did not say when.' },
    src: { db: 'src', title: 'Src', type: 'text', maxLength: 80, sortable: true, filter: true, search: 'number', reversedDb: 'src_reversed', listed: true, about: 'The number that calls.' },
    dst: { db: 'dst', title: 'Dst', type: 'text', maxLength: 80, sortable: true, filter: true, search: 'number', reversedDb: 'dst_reversed', listed: true, about: 'The number called.' },
    callerId: { db: 'caller_id', title: 'Caller Id', type: 'text', nameDb: 'caller_name', about: 'As the PBX writes it: "Name" <number>.' },
    duration: { db: 'duration', title: 'Duration', type: 'seconds', sortable: true, listed: true, about: 'From begin to end.' },
    billsec: { db: 'billsec', title: 'Billsec', type: 'seconds', about: 'From answer to end; 0 without an answer.' },
    disposition: {
      db: 'disposition',
      title: 'Disposition',
      type: 'text',
      maxLength: 16,
      sortable: true,
      filter: DISPOSITIONS,
      listed: true,
      about: 'UNKNOWN: a word of the PBX that Logbook does not know, which asteriskDisposition has.',
    },
    asteriskDisposition: {
      db: 'asterisk_disposition',
      title: 'Asterisk Disposition',
      type: 'text',
      maxLength: 32,
      about: 'The word of the PBX itself, such as NO ANSWER or CONGESTION.',
    },
    channel: { db: 'channel', title: 'Channel', type: 'text', maxLength: 128, filter: true, deviceDb: 'channel_device', about: 'From which the call came.' },
    dstchannel: {
      db: 'dstchannel',
      title: 'Dst Channel',
      type: 'text',
      maxLength: 128,
      filter: true,
      deviceDb: 'dstchannel_device',
      about: 'That was rung or took it: of a call through a queue the agent’s. Empty where the PBX itself took the call.',
    },
    dcontext: { db: 'dcontext', title: 'Dst Context', type: 'text', maxLength: 80 },
    lastapp: { db: 'lastapp', title: 'Last App', type: 'text', maxLength: 80 },
    lastdata: { db: 'lastdata', title: 'Last Data', type: 'text', maxLength: 512 },
    accountcode: { db: 'accountcode', title: 'Account Code', type: 'text', maxLength: 80 },
    amaflags: { db: 'amaflags', title: 'AMA Flags', type: 'text', maxLength: 32 },
    userfield: { db: 'userfield', title: 'User Field', type: 'text', maxLength: 512 },
    uniqueid: { db: 'uniqueid', title: 'Unique Id', type: 'text', maxLength: 150, filter: true, about: 'Of the channel: several rows can have one.' },
    linkedid: {
      db: 'linkedid',
      title: 'Linked Id',
      type: 'text',
      maxLength: 150,
      filter: true,
      about: 'The same in all legs of a call; empty where the PBX does not say it.',
    },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64, filter: true, coarseDb: 'pbx_listed' },
    sequence: {
      db: 'sequence',
      title: 'Sequence',
      type: 'text',
      optional: true,
      maxLength: 20,
      about: 'Tells rows of one uniqueid apart, until the PBX restarts. Absent where the PBX does not say it.',
    },
    peeraccount: { db: 'peeraccount', title: 'Peer Account', type: 'text', maxLength: 80 },
    extra: {
      db: 'extra',
      title: 'Other Fields',
      type: 'text',
      optional: true,
      maxLength: 4000,
      about: 'What else the PBX said of the call, as a JSON object of texts.',
    },
  },
});

/** A row of the log as it is read. */
export type Cdr = RecordOf<typeof cdrs.columns>;
