import { defineLog, type RecordOf } from '../columns.js';

/** What is stored of each, besides these columns, is its content (store.ts): a page of them need not read it. */
export const deadLetters = defineLog({
  name: 'dead-letters',
  title: 'Dead Letters',
  table: 'dead_letter',
  timeColumn: 'at',
  defaultSort: 'at',
  defaultOrder: 'desc',
  tieBreak: ['at'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id', listed: true },
    at: { db: 'at', title: 'At', type: 'instant', sortable: true, listed: true },
    name: { db: 'name', title: 'Name', type: 'text', maxLength: 64, filter: true, listed: true },
    stage: { db: 'stage', title: 'Stage', type: 'text', maxLength: 8, listed: true },
    reason: { db: 'reason', title: 'Reason', type: 'text', listed: true },
    tries: { db: 'tries', title: 'Tries', type: 'integer', optional: true, listed: true },
    triedAt: { db: 'tried_at', title: 'Last Try', type: 'instant', optional: true, listed: true },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64 },
  },
});

/** An event or a row that could not be translated or written, as it is listed. */
export type ListedDeadLetter = RecordOf<typeof deadLetters.columns>;
