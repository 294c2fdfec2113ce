import { basename } from 'node:path';
import type { Config } from '../config.js';
import { reasonOf, type Database } from '../database/database.js';
import { CommandError } from '../errors.js';
import { recoveredCallsEnded } from '../logs/cdr/store.js';
import { dueGaps, keepAttempt, LEASE, takeOn, type DueGap } from '../logs/capture-gap/recovery.js';
import { fromMs, MICROS_PER_SECOND, type Micros } from '../time.js';
import { backfill } from './backfill.js';
import { openSource, type SourceName } from './command.js';
import { afterLook, gapOf, groupGaps, withoutSource, type Found, type GapGroup } from './gap-plan.js';

export type RecoveryConfig = Pick<Config, 'recovery' | 'pbxName' | 'timeZone'>;

export interface RecoverOptions {
  readonly signal: AbortSignal;
  /** Called now and then while a long look goes on. */
  readonly onAlive?: () => void;
  readonly clock?: () => Micros;
}

export interface Recovered {
  readonly gaps: number;
  readonly calls: number;
  readonly failed: number;
}

const GAPS_A_RUN = 100;
/** Another process that listens to the same PBX may have a source where this one has none. */
const OTHERS_FIRST: Micros = 15 * MICROS_PER_SECOND;

/** The sources that are set, in the order in which they are asked. */
export const sourcesOf = ({ recovery }: RecoveryConfig): SourceName[] => [...(recovery.csv ? ['csv' as const] : []), ...(recovery.sql ? ['sql' as const] : [])];

/**
 * Looks for the calls of every gap that is due, and keeps in its row what became of that. A source that cannot be read
 * fails the gaps that need it, and no others. Rejects only when Logbook's own database does.
 */
export async function recoverGaps(database: Database, config: RecoveryConfig, options: RecoverOptions): Promise<Recovered> {
  const clock = options.clock ?? (() => fromMs(Date.now()));
  const stopped = (): boolean => options.signal.aborted;
  const { knex } = database;
  const sources = sourcesOf(config).length;
  const due = await dueGaps(knex, config.pbxName, sources > 0 ? clock() : clock() - OTHERS_FIRST, GAPS_A_RUN);
  const total = { gaps: 0, calls: 0, failed: 0 };
  for (const group of groupGaps(due)) {
    if (stopped()) break;
    const taken = await takeOnAll(database, group.gaps, clock());
    if (taken.length === 0) continue;
    if (sources === 0) {
      for (const gap of taken) await keepAttempt(knex, gap, withoutSource(gap), clock());
      continue;
    }
    const held = new Held(database, taken, clock);
    const found = await look(database, config, { ...group, gaps: taken }, held, options);
    for (const gap of held.gaps) {
      const own = found.get(gap.id) ?? { added: [], failures: [], there: 0 };
      const now = clock();
      const attempt = afterLook(gap, own, now);
      // Broken off, it is due again at once, by whoever looks next.
      await keepAttempt(knex, gap, stopped() ? { ...gap, recoveredCalls: attempt.recoveredCalls, due: now } : attempt, now);
      total.gaps += 1;
      total.calls += attempt.recoveredCalls - gap.recoveredCalls;
      if (own.failures.length > 0) total.failed += 1;
    }
  }
  return total;
}

async function takeOnAll({ knex }: Database, gaps: readonly DueGap[], now: Micros): Promise<DueGap[]> {
  const taken: DueGap[] = [];
  for (const gap of gaps) {
    const ours = await takeOn(knex, gap, now);
    if (ours) taken.push(ours);
  }
  return taken;
}

/** One look into each source for all gaps of a group; what was found, by the id of the gap. */
async function look(database: Database, config: RecoveryConfig, group: GapGroup<DueGap>, held: Held, options: RecoverOptions): Promise<Map<number, Found>> {
  const added: { source: string; calls: Map<number, number> }[] = [];
  const failures: string[] = [];
  const { gaps, ...wanted } = group;
  for (const name of sourcesOf(config)) {
    const calls = new Map<number, number>();
    const named = { source: nameOf(config, name), calls };
    added.push(named);
    try {
      const source = await openSource(config, database.knex, name, wanted);
      if (source.clock.note !== null) named.source += ` (times in ${source.clock.name})`;
      try {
        const report = await backfill(database, source, {
          pbx: config.pbxName,
          ...wanted,
          signal: options.signal,
          onAdded: (rows) => {
            for (const row of rows) {
              const id = gapOf(gaps, row)?.id ?? 0;
              calls.set(id, (calls.get(id) ?? 0) + 1);
            }
          },
          onProgress: () => {
            options.onAlive?.();
            held.renew();
          },
        });
        failures.push(...report.failures);
      } finally {
        await source.close();
      }
    } catch (error) {
      failures.push(error instanceof CommandError ? error.message : `${nameOf(config, name)}: ${reasonOf(error)}`);
    }
  }
  await held.settled();
  const found = new Map<number, Found>();
  for (const { id, from, to } of gaps) {
    const there = await recoveredCallsEnded(database.knex, config.pbxName, from, to);
    found.set(id, { added: added.map(({ source, calls }) => ({ source, calls: calls.get(id) ?? 0 })), failures, there });
  }
  return found;
}

const nameOf = ({ recovery }: RecoveryConfig, name: SourceName): string => (name === 'csv' ? basename(recovery.csv?.path ?? '') : `table ${recovery.sql?.table ?? ''}`);

/** Gaps that were taken on: nobody else may think meanwhile that whoever did so has died. */
class Held {
  private renewing: Promise<void> = Promise.resolve();
  private renewDue: Micros;

  constructor(
    private readonly database: Database,
    public gaps: readonly DueGap[],
    private readonly clock: () => Micros,
  ) {
    this.renewDue = clock() + LEASE / 5;
  }

  renew(): void {
    const now = this.clock();
    if (now < this.renewDue) return;
    this.renewDue = now + LEASE / 5;
    this.renewing = this.renewing
      .then(async () => {
        this.gaps = await takeOnAll(this.database, this.gaps, now);
      })
      // Then somebody else may look as well, which does no harm.
      .catch(() => undefined);
  }

  settled(): Promise<void> {
    return this.renewing;
  }
}
