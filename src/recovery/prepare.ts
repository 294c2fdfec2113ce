import { RECOVERED } from '../logs/cdr/store.js';
import type { WallClock } from '../logs/cdr/zone.js';
import { eventKey } from '../logs/key.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { RecentCounts } from './recent.js';
import type { CallSource, SourceBatch, SourceRecord } from './source-call.js';
import { translateSourceCall, type RecoveredCdr, type Translated } from './translate.js';

/** A call that is wanted, and its number among those that are the same in all that its key is made of. */
export interface NumberedCall extends Translated {
  readonly ordinal: number;
}

/** What a batch of a source comes to before the database is asked. */
export interface PreparedBatch extends Pick<SourceBatch, 'done' | 'scope'> {
  readonly read: number;
  /** Where each of them is, and why. */
  readonly unreadable: readonly string[];
  /** Readable, but not wanted. */
  readonly outside: number;
  readonly calls: readonly NumberedCall[];
}

interface Wanted {
  readonly pbx: string;
  readonly from: Micros;
  readonly to: Micros;
  readonly endedFrom?: Micros;
}

/** Makes rows of a source's records, without their keys. */
export class Preparation {
  readonly #twins = new RecentCounts();

  constructor(
    private readonly clock: WallClock,
    private readonly wanted: Wanted,
  ) {}

  async *of(source: CallSource): AsyncGenerator<PreparedBatch> {
    let scope = '';
    for await (const batch of source.batches()) {
      // The same line in another file is the same call: only within one file are twins two.
      if (batch.scope !== scope) this.#twins.clear();
      scope = batch.scope;
      yield { ...this.#prepared(batch.records), scope, done: batch.done };
    }
  }

  #prepared(records: readonly SourceRecord[]): Pick<PreparedBatch, 'read' | 'unreadable' | 'outside' | 'calls'> {
    const unreadable: string[] = [];
    const calls: NumberedCall[] = [];
    for (const record of records) {
      const translated = record.kind === 'call' ? translateSourceCall(this.wanted.pbx, record.call, this.clock) : record.reason;
      if (typeof translated === 'string') unreadable.push(`${record.where}: ${translated}`);
      else if (this.#isWanted(translated)) calls.push({ row: translated.row, starts: translated.starts, ordinal: this.#twins.next(nameOf(translated.row)) });
    }
    return { read: records.length, unreadable, outside: records.length - unreadable.length - calls.length, calls };
  }

  #isWanted({ starts, row }: Translated): boolean {
    const { from, to, endedFrom } = this.wanted;
    if (!starts.some((start) => start >= from && start < to)) return false;
    // Where two instants may be its start, it may have ended as much later.
    const ended = (row.endDate ?? row.callDate) + (starts.at(-1) ?? row.callDate) - row.callDate;
    return ended >= (endedFrom ?? ended);
  }
}

/** What the call is, to the second as every source has it. */
const identifying = (row: RecoveredCdr): (string | number | null)[] => [
  row.pbx, Math.floor(row.callDate / MICROS_PER_SECOND), row.uniqueid, row.sequence, row.channel, row.dstchannel, row.src, row.dst,
  row.dcontext, row.lastapp, row.duration, row.billsec, row.disposition,
];

/** The same as one text, but for the PBX, which all have in common. */
const nameOf = (row: RecoveredCdr): string =>
  `${Math.floor(row.callDate / MICROS_PER_SECOND)}\n${row.uniqueid}\n${row.sequence ?? ''}\n${row.channel}\n${row.dstchannel}\n${row.src}\n${row.dst}\n${row.dcontext}\n${row.lastapp}\n${row.duration}\n${row.billsec}\n${row.disposition}`;

/** What the call is, and its number among those that are the same in all of that. */
export const keyOf = ({ row, ordinal }: NumberedCall): string => `${RECOVERED}${eventKey('recovered cdr', ...identifying(row), ordinal).slice(1)}`;
