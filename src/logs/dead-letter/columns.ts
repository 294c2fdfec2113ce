import { defineLog, type RecordOf } from '../columns.js';

/** What is stored of each, besides these columns, is its content (store.ts): a page of them need not read it. */
export const deadLetters = defineLog({
  name: 'dead-letters',
  title: 'Dead Letters',
  about: 'Events that could not be translated and rows that the database refused, with the reason. Put right what it names, then run logbook retry: what goes leaves this list.',
  table: 'dead_letter',
  timeColumn: 'at',
  defaultSort: 'at',
  defaultOrder: 'desc',
  tieBreak: ['at'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id', listed: true },
    at: { db: 'at', title: 'At', type: 'instant', sortable: true, listed: true, about: 'When it happened, by the clock of the PBX.' },
    name: { db: 'name', title: 'Name', about: 'The event, or the kind of row.', type: 'text', maxLength: 64, filter: true, listed: true },
    stage: { db: 'stage', title: 'Stage', about: 'event: it could not be translated. row: the database refused it.', type: 'text', maxLength: 8, listed: true },
    reason: { db: 'reason', title: 'Reason', type: 'text', listed: true },
    tries: { db: 'tries', title: 'Tries', about: 'How often it was tried again.', type: 'integer', optional: true, listed: true },
    triedAt: { db: 'tried_at', title: 'Last Try', type: 'instant', optional: true, listed: true },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64, filter: true, coarseDb: 'pbx_listed' },
  },
});

/** An event or a row that could not be translated or written, as it is listed. */
export type ListedDeadLetter = RecordOf<typeof deadLetters.columns>;
