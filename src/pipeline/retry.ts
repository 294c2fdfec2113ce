import { readOffsets } from '../logs/cdr/pbx-offsets.js';
import { forgetDeadLetter, keepFailedTry, readDeadLetters, type StoredDeadLetter, type WhichLetters } from '../logs/dead-letter/store.js';
import { readAccountStates } from '../logs/registered-account/store.js';
import type { AccountState, Output } from '../logs/output.js';
import type { Database } from '../database/database.js';
import { messageOf } from '../errors.js';
import { fromMs, type Micros } from '../time.js';
import { wordsOf } from './dead-letters.js';
import { decodeInput } from './input-codec.js';
import { isAboutTheRow } from './row-errors.js';
import { Translator } from './translator.js';
import { writeBatch } from './writer.js';

/** What became of a dead letter. */
export type Retried =
  /** It has become these rows, or none, and is gone; in a dry run it would be tried with them. */
  | { readonly kind: 'written'; readonly outputs: readonly Output['kind'][] }
  | { readonly kind: 'remains'; readonly reason: string };

export interface RetryOptions {
  /** Translates, and changes nothing. */
  readonly dryRun: boolean;
  readonly onLetter: (letter: StoredDeadLetter, retried: Retried) => void;
  readonly signal?: AbortSignal;
  readonly clock?: () => Micros;
}

/** Names the rows of no process that listens. */
const LISTENER = 'logbook retry';

/**
 * Tries dead letters again, oldest first: an event is translated anew, a row written anew. What goes is forgotten,
 * what does not stays with its new reason. Rejects when the database takes nothing at all.
 */
export async function retryDeadLetters(database: Database, which: WhichLetters, options: RetryOptions): Promise<void> {
  const states = new Map<string, readonly AccountState[]>();
  for (let after = 0; ; ) {
    const letters = await readDeadLetters(database.knex, which, after);
    for (const letter of letters) {
      if (options.signal?.aborted === true) return;
      options.onLetter(letter, await retry(letter));
      after = letter.id;
    }
    if (letters.length === 0) return;
  }

  async function retry(letter: StoredDeadLetter): Promise<Retried> {
    try {
      const outputs = letter.stage === 'row' ? [storedRow(letter)] : await translated(letter);
      if (!options.dryRun) {
        await writeBatch(database, outputs, LISTENER);
        await forgetDeadLetter(database.knex, letter.id);
      }
      return { kind: 'written', outputs: outputs.map(({ kind }) => kind) };
    } catch (error) {
      const reason = error instanceof StillDeadError || error instanceof SyntaxError ? error.message : isAboutTheRow(error) ? wordsOf(error) : null;
      if (reason === null) throw error;
      if (!options.dryRun) await keepFailedTry(database.knex, letter.id, reason, (options.clock ?? now)());
      return { kind: 'remains', reason };
    }
  }

  async function translated({ pbx, content }: StoredDeadLetter): Promise<Output[]> {
    const input = decodeInput(content);
    const known = states.get(pbx) ?? (await readAccountStates(database.knex, pbx));
    states.set(pbx, known);
    const translator = new Translator(pbx);
    translator.restore(known);
    const offsets = await readOffsets(database.knex, pbx);
    if (offsets.length > 0) translator.handle({ kind: 'zone', zone: { spans: offsets }, at: 0 });
    const outputs = [...attempted(() => translator.handle(input)), ...translator.finish()];
    const hopeless = outputs.find((output) => output.kind === 'untranslatable');
    if (hopeless) throw new StillDeadError(hopeless.reason);
    // A listing of then would be squared with the accounts of now.
    return input.kind === 'event' ? outputs.filter((output) => isNews(output, known)) : [];
  }
}

/** Why a letter is as dead as before. */
class StillDeadError extends Error {}

function attempted(translate: () => Output[]): Output[] {
  try {
    return translate();
  } catch (error) {
    throw new StillDeadError(messageOf(error));
  }
}

function storedRow({ content }: StoredDeadLetter): Output {
  const output = JSON.parse(content) as Partial<Output> | null;
  if (typeof output?.kind !== 'string') throw new SyntaxError('it holds no row');
  return output as Output;
}

/** An old event says nothing of who is on line now, nor of who listens. */
function isNews(output: Output, known: readonly AccountState[]): boolean {
  if (output.kind === 'listening' || output.kind === 'pbx-zone') return false;
  if (output.kind !== 'account-state') return true;
  const { channelType, username, updatedAt } = output.account;
  return known.every((state) => state.channelType !== channelType || state.username !== username || state.updatedAt <= updatedAt);
}

const now = (): Micros => fromMs(Date.now());
