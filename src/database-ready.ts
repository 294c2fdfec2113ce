import type { Logger } from 'pino';
import { pause } from './ami/pause.js';
import { reasonOf } from './database/database.js';
import { UnfitTablesError } from './database/migrate.js';
import { messageOf } from './errors.js';

const RETRY_MS = 2_000;

interface Waiting {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onWait: (reason: string) => void;
  readonly retryMs?: number;
}

/** Repeats `attempt` until the database serves it. Rejects with what waiting cannot mend, and when `signal` aborts. */
export async function whenDatabaseServes<T>(attempt: () => Promise<T>, { logger, signal, onWait, retryMs = RETRY_MS }: Waiting): Promise<T> {
  for (let said = ''; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !waitingMayMend(error)) throw error;
      const reason = reasonOf(error);
      onWait(reason);
      if (reason !== said) logger.warn({ reason, message: detailOf(error) }, 'the database does not serve the start; waiting for it');
      said = reason;
      if (!(await pause(retryMs, signal))) throw error;
    }
  }
}

const HOPELESS = /^(ER_ACCESS_DENIED_ERROR|ER_DBACCESS_DENIED_ERROR|ER_BAD_DB_ERROR|SQLITE_(CANTOPEN|CORRUPT|NOTADB).*)$/;

/** Everything that a database or the way to it says, but for what only a person can put right. */
export function waitingMayMend(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof UnfitTablesError || error instanceof TypeError || error instanceof RangeError) return false;
  if ('code' in error && typeof error.code === 'string') return !HOPELESS.test(error.code);
  // Neither knex's time-outs, nor its lock, nor a connection that mysql2 has given up has a code.
  return error.name === 'KnexTimeoutError' || error.name === 'MigrationLocked' || ('fatal' in error && error.fatal === true);
}

// knex puts the statement and its values before what the server said.
const detailOf = (error: unknown): string => (error instanceof Error && 'sqlMessage' in error ? String(error.sqlMessage) : messageOf(error));
