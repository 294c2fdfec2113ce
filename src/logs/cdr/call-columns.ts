import type { Column, LogRecord } from '../columns.js';
import { DISPOSITIONS } from './columns.js';
import type { FoldedCall } from './folded-call.js';

/** The columns of whole calls, in the order in which lists and files show them. No table holds them. */
export const CALL_COLUMNS: Readonly<Record<string, Omit<Column, 'db'>>> = {
  begin: { title: 'Begin', type: 'precise-instant', about: 'When the first leg began.' },
  answer: { title: 'Answer', type: 'precise-instant', optional: true, about: 'When somebody took the call.' },
  end: { title: 'End', type: 'precise-instant', about: 'When the last leg ended.' },
  from: { title: 'From', type: 'text' },
  callerId: { title: 'Caller Id', type: 'text' },
  to: { title: 'To', type: 'text', about: 'What was dialled.' },
  answeredBy: { title: 'Answered By', type: 'text', optional: true, about: 'The phone or trunk that took the call first.' },
  disposition: { title: 'Disposition', type: 'text', filter: DISPOSITIONS, about: 'ANSWERED when a party took it; a voicemail or a queue’s music does not count.' },
  duration: { title: 'Duration', type: 'seconds', about: 'From begin to end.' },
  billsec: { title: 'Billsec', type: 'seconds', about: 'How long the caller’s line was up, overlapping legs once: what a carrier charges.' },
  talk: { title: 'Talk', type: 'seconds', about: 'How long people were connected.' },
  legs: { title: 'Legs', type: 'integer' },
  accountcode: { title: 'Account Code', type: 'text' },
  answeredChannel: { title: 'Answered Channel', type: 'text', optional: true },
  pbx: { title: 'PBX', type: 'text' },
  linkedid: { title: 'Linked Id', type: 'text' },
};

/** A call's values by `CALL_COLUMNS`. */
export const callRecord = ({ legs, ...call }: FoldedCall): LogRecord => ({ ...call, legs: legs.length });
