import type { Knex } from 'knex';
import type { Database } from '../../database/database.js';
import { letOthersWrite, writing } from '../../database/writing.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { sumCalls } from './calls.js';
import { sumComings } from './comings.js';
import { sumStanding } from './presence-store.js';
import { DAY, forgetSummaries, HOUR, missingOf, summarise, type Missing, type SummaryKind } from './summaries.js';

/** The longest range of the overview, and the day in which it begins, as a whole. */
const KEPT: Micros = 9 * DAY;
/** Whatever is told of an hour comes by then as a rule; what comes later undoes the summary. */
const SETTLED: Micros = 600 * MICROS_PER_SECOND;

/** Summaries a transaction, for which whoever writes rows waits. */
const AT_ONCE = 8;

const SUM: Readonly<Record<SummaryKind, (trx: Knex, from: Micros) => Promise<unknown>>> = { calls: sumCalls, comings: sumComings, standing: sumStanding };

/** Sums up the hours that have no summary, the latest first; answers how many summaries were made. */
export async function rollUp(database: Database, now: Micros, signal: AbortSignal): Promise<number> {
  const end = now - SETTLED - ((now - SETTLED) % HOUR);
  const begin = end - KEPT - ((end - KEPT) % DAY);
  const wanted: Missing[] = [];
  for (let from = end - HOUR; from >= begin; from -= HOUR) {
    wanted.push({ kind: 'calls', from }, { kind: 'comings', from });
    if (from % DAY === 0) wanted.push({ kind: 'standing', from });
  }
  const missing = await missingOf(database.knex, wanted);
  let made = 0;
  for (let some = missing.slice(0, AT_ONCE); some.length > 0 && !signal.aborted; some = missing.slice(made, made + AT_ONCE)) {
    const startedAt = performance.now();
    const part = some;
    await writing(database, (trx) => summarise(trx, part, end, (reader, { kind, from }) => SUM[kind](reader, from)));
    made += part.length;
    await letOthersWrite(database, performance.now() - startedAt);
  }
  if (!signal.aborted) await writing(database, (trx) => forgetSummaries(trx, begin));
  return made;
}
