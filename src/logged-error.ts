import { stdSerializers } from 'pino';

/** What mysql2 adds to an error: the statement with all its values filled in, which are people's calls and sessions. */
const STATEMENT = new Set(['sql', 'parameters']);

/** An error as the log shows it: its words and where it happened. */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return Object.fromEntries(Object.entries(stdSerializers.err(error)).filter(([name]) => !STATEMENT.has(name)));
}
