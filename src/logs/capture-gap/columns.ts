import { defineLog, type RecordOf } from '../columns.js';

/** `GAP`: nobody listened. `LOSS`: somebody did, and left events of little value out, because the spool was full. */
export const GAP_KINDS = ['GAP', 'LOSS'] as const;

/**
 * How far the calls of a gap are recovered. `pending`: not looked for yet; `once`: looked for once, and again when
 * what Asterisk writes late must be there; `done`: all that the sources have is in the log; `failed`: a source
 * could not be read; `none`: there is no source, or nothing to recover.
 */
export const RECOVERIES = ['pending', 'once', 'done', 'failed', 'none'] as const;
export type Recovery = (typeof RECOVERIES)[number];

export const captureGaps = defineLog({
  name: 'capture-gaps',
  title: 'Gaps',
  about: 'Times when nobody listened to the PBX, or events of little value had to be left out. What AMI said then is gone; calls come back by themselves from CDR_CSV or CDR_SQL_URL.',
  table: 'capture_gap',
  timeColumn: 'from',
  defaultSort: 'from',
  defaultOrder: 'desc',
  tieBreak: ['from'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    from: { db: 'from_at', title: 'Begin', type: 'instant', sortable: true, listed: true },
    to: { db: 'to_at', title: 'End', about: 'The first instant that is no longer in it.', type: 'instant', listed: true },
    kind: { db: 'kind', title: 'Kind', about: 'GAP: nobody listened. LOSS: somebody did, and left events of little value out.', type: 'text', maxLength: 8, filter: GAP_KINDS, listed: true },
    pbx: { db: 'pbx', title: 'PBX', type: 'text', maxLength: 64, filter: true, listed: true },
    reason: { db: 'reason', title: 'Reason', type: 'text', listed: true },
    lost: { db: 'lost', title: 'Events Left Out', about: 'How many, of a LOSS.', type: 'integer', optional: true, listed: true },
    recovery: { db: 'recovery', title: 'Recovery', about: 'How far its calls are looked for. once: to be looked for once more. none: no source is set, or nothing is to be recovered.', type: 'text', maxLength: 16, filter: RECOVERIES, listed: true },
    recoveredCalls: { db: 'recovered_calls', title: 'Recovered Calls', type: 'integer', optional: true, listed: true },
    recoveryNote: { db: 'recovery_note', title: 'Recovery Note', type: 'text', optional: true, maxLength: 500, listed: true },
    recoveredAt: { db: 'recovered_at', title: 'Last Attempt', about: 'When calls were last looked for.', type: 'instant', optional: true },
  },
});

/** A time of which something is missing, as it is read; `from` is in it, `to` is not. */
export type CaptureGap = RecordOf<typeof captureGaps.columns>;
