import type { Column, Columns, LogDefinition, LogRecord } from '../columns.js';
import { cdrs, DISPOSITIONS } from './columns.js';
import type { FoldedCall } from './folded-call.js';

const OF_A_LEG = 'calls with a leg whose';

/** The columns of whole calls, in the order in which lists and files show them. No table holds them. */
export const CALL_COLUMNS: Readonly<Record<string, Omit<Column, 'db'>>> = {
  begin: { title: 'Begin', type: 'precise-instant', sortable: true, listed: true, about: 'When the first leg began.' },
  answer: { title: 'Answer', type: 'precise-instant', optional: true, about: 'When somebody took the call.' },
  end: { title: 'End', type: 'precise-instant', about: 'When the last leg ended.' },
  from: { title: 'From', type: 'text', listed: true },
  callerId: { title: 'Caller Id', type: 'text' },
  to: { title: 'To', type: 'text', listed: true, about: 'What was dialled.' },
  answeredBy: { title: 'Answered By', type: 'text', optional: true, listed: true, about: 'The phone or trunk that took the call first.' },
  disposition: { title: 'Disposition', type: 'text', filter: DISPOSITIONS, leaves: 'calls whose', listed: true, about: 'ANSWERED when a party took it; a voicemail or a queue’s music does not count.' },
  duration: { title: 'Duration', type: 'seconds', listed: true, about: 'From begin to end.' },
  billsec: { title: 'Billsec', type: 'seconds', about: 'How long the caller’s line was up, overlapping legs once: what a carrier charges.' },
  talk: { title: 'Talk', type: 'seconds', listed: true, about: 'How long people were connected.' },
  legs: { title: 'Legs', type: 'integer', listed: true },
  accountcode: { title: 'Account Code', type: 'text' },
  answeredChannel: { title: 'Answered Channel', type: 'text', optional: true },
  pbx: { title: 'PBX', type: 'text', filter: true, leaves: OF_A_LEG },
  linkedid: { title: 'Linked Id', type: 'text', filter: true, leaves: OF_A_LEG },
};

/**
 * Whole calls as a list, in the order of their begins. No table holds them: `db` is that of the legs, by which they are found (`legs-query.ts`). From and
 * to are called as in the legs, since `from` and `to` ask for times.
 */
export const calls: LogDefinition = {
  name: 'calls',
  title: 'Whole Calls',
  about: 'Every call once: its legs (queue, ring group, transfer) folded into one.',
  table: cdrs.table,
  timeColumn: 'begin',
  defaultSort: 'begin',
  defaultOrder: 'desc',
  tieBreak: [],
  columns: {
    ...listed(CALL_COLUMNS),
    uniqueid: { db: 'uniqueid', title: 'Unique Id', type: 'text', filter: true, leaves: OF_A_LEG },
    channel: { ...cdrs.columns.channel, about: 'From which the first leg came.', leaves: OF_A_LEG },
    dstchannel: { ...cdrs.columns.dstchannel, about: 'That the first leg rang.', leaves: OF_A_LEG },
  },
};

function listed(columns: typeof CALL_COLUMNS): Columns {
  const { src, dst, callerId } = cdrs.columns;
  const found = { filter: true, search: 'number', leaves: OF_A_LEG, listed: true } as const;
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      if (name === 'from') return ['src', { ...column, db: src.db, reversedDb: src.reversedDb, ...found }];
      if (name === 'to') return ['dst', { ...column, db: dst.db, reversedDb: dst.reversedDb, ...found }];
      if (name === 'callerId') return [name, { ...column, db: '', nameDb: callerId.nameDb }];
      return [name, { ...column, db: '' }];
    }),
  );
}

/** A call's values by `CALL_COLUMNS`. */
export const callRecord = ({ legs, ...call }: FoldedCall): LogRecord => ({ ...call, legs: legs.length });

/** A call's values by the columns of `calls`. */
export const listedCall = (call: FoldedCall): LogRecord => ({ ...callRecord(call), src: call.from, dst: call.to, uniqueid: call.legs[0]?.uniqueid ?? '', channel: call.legs[0]?.channel ?? '', dstchannel: call.legs[0]?.dstchannel ?? '' });
