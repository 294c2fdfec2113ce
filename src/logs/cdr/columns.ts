import { defineLog, type RecordOf } from '../columns.js';

/** `UNKNOWN` is for a word that no Asterisk we know says; `asteriskDisposition` keeps it. */
export const DISPOSITIONS = ['ANSWERED', 'NO_ANSWER', 'BUSY', 'FAILED', 'UNKNOWN'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export const cdrs = defineLog({
  name: 'cdrs',
  title: 'Call Detailed Record',
  table: 'cdr',
  timeColumn: 'callDate',
  defaultSort: 'callDate',
  defaultOrder: 'desc',
  tieBreak: ['callDate'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    callDate: { db: 'call_date', title: 'Call Date', type: 'precise-instant', sortable: true, listed: true },
    answerDate: { db: 'answer_date', title: 'Answer Date', type: 'precise-instant', optional: true },
    endDate: { db: 'end_date', title: 'End Date', type: 'precise-instant', optional: true },
    src: { db: 'src', title: 'Src', type: 'text', maxLength: 80, sortable: true, filter: true, listed: true },
    dst: { db: 'dst', title: 'Dst', type: 'text', maxLength: 80, sortable: true, filter: true, listed: true },
    callerId: { db: 'caller_id', title: 'Caller Id', type: 'text' },
    duration: { db: 'duration', title: 'Duration', type: 'seconds', sortable: true, listed: true },
    billsec: { db: 'billsec', title: 'Billsec', type: 'seconds' },
    disposition: { db: 'disposition', title: 'Disposition', type: 'text', maxLength: 16, sortable: true, filter: DISPOSITIONS, listed: true },
    asteriskDisposition: { db: 'asterisk_disposition', title: 'Asterisk Disposition', type: 'text', maxLength: 32 },
    channel: { db: 'channel', title: 'Channel', type: 'text', maxLength: 128 },
    dstchannel: { db: 'dstchannel', title: 'Dst Channel', type: 'text', maxLength: 128 },
    dcontext: { db: 'dcontext', title: 'Dst Context', type: 'text', maxLength: 80 },
    lastapp: { db: 'lastapp', title: 'Last App', type: 'text', maxLength: 80 },
    lastdata: { db: 'lastdata', title: 'Last Data', type: 'text', maxLength: 512 },
    accountcode: { db: 'accountcode', title: 'Account Code', type: 'text', maxLength: 80 },
    amaflags: { db: 'amaflags', title: 'AMA Flags', type: 'text', maxLength: 32 },
    userfield: { db: 'userfield', title: 'User Field', type: 'text', maxLength: 512 },
    uniqueid: { db: 'uniqueid', title: 'Unique Id', type: 'text', maxLength: 150, filter: true },
    linkedid: { db: 'linkedid', title: 'Linked Id', type: 'text', maxLength: 150, filter: true },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64 },
    sequence: { db: 'sequence', title: 'Sequence', type: 'text', optional: true, maxLength: 20 },
    peeraccount: { db: 'peeraccount', title: 'Peer Account', type: 'text', maxLength: 80 },
    extra: { db: 'extra', title: 'Other Fields', type: 'text', optional: true, maxLength: 4000 },
  },
});

/** A row of the log as it is read. */
export type Cdr = RecordOf<typeof cdrs.columns>;
