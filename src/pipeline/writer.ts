import type { Knex } from 'knex';
import type { Database } from '../database/database.js';
import { takeTurns } from '../database/turns.js';
import { writing } from '../database/writing.js';
import { writeListening } from '../logs/capture-gap/listening.js';
import { writeLosses } from '../logs/capture-gap/store.js';
import { keepOffsets } from '../logs/cdr/pbx-offsets.js';
import { insertCalls } from '../logs/cdr/store.js';
import { writeDeadLetters } from '../logs/dead-letter/store.js';
import type { Output } from '../logs/output.js';
import { writeAccountStates } from '../logs/registered-account/store.js';
import { fillDetails, writeSocketUses } from '../logs/sip-session/store.js';
import { writeSessions } from '../logs/sip-session/write.js';
import { insertWebSessions } from '../logs/web-session/store.js';

type OutputOf<K extends Output['kind']> = Extract<Output, { kind: K }>;

/** Some 40 ms of SQLite's time. */
const ROWS_A_PART = 500;

/**
 * Writes a batch in one transaction, for the listener of that name. On SQLite it commits early, and goes on in another one, when
 * somebody else in this process wants to write. Safe to repeat as a whole: every row has a key made of what it is, and states and
 * details are the same when written twice. Answers how many dead letters were left out, because so many of their name are kept already.
 */
export async function writeBatch(database: Database, outputs: readonly Output[], listener: string): Promise<number> {
  const { turn } = database;
  const size = turn ? ROWS_A_PART : outputs.length;
  let notKept = 0;
  for (let start = 0; start < outputs.length; ) {
    // Tried again from the start, it may end elsewhere.
    const done = await writing(database, async (trx) => {
      let [end, left] = [start, 0];
      do {
        left += await writePart(trx, outputs.slice(end, end + size), listener);
        end += size;
      } while (end < outputs.length && turn?.isWanted !== true);
      return { end, left };
    });
    start = done.end;
    notKept += done.left;
  }
  return notKept;
}

async function writePart(trx: Knex, outputs: readonly Output[], listener: string): Promise<number> {
  const of = <K extends Output['kind']>(kind: K): OutputOf<K>[] => outputs.filter((output): output is OutputOf<K> => output.kind === kind);
  await takeTurns(trx, inTurn(outputs));
  await insertCalls(trx, of('cdr').map(({ row }) => row));
  await writeSessions(trx, listener, of('sip-session'));
  await insertWebSessions(trx, of('web-session').map(({ row }) => row));
  await writeSocketUses(trx, of('socket-use'));
  await fillDetails(trx, of('sip-session-detail'));
  await writeAccountStates(trx, listener, of('account-state').map(({ account }) => account));
  await writeListening(trx, listener, of('listening'));
  await writeLosses(trx, of('loss'));
  await keepOffsets(trx, of('pbx-zone'));
  return writeDeadLetters(trx, of('dead-letter').map(({ letter }) => letter));
}

/** The PBXs of what somebody else may be writing as well: another listener, or the recovery of calls. */
function inTurn(outputs: readonly Output[]): string[] {
  return outputs.flatMap((output) => {
    if (output.kind === 'account-state') return [output.account.pbx];
    return output.kind === 'cdr' || output.kind === 'sip-session' ? [output.row.pbx] : [];
  });
}
