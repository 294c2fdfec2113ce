import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { AmiClosedError } from './manager.js';

/** Runs what nobody waits for. What fails is logged, except for the end of the connection, which is told elsewhere. */
export function inBackground(logger: Logger, what: string, task: () => Promise<void>): void {
  task().catch((error: unknown) => logFailure(logger, what, error));
}

export function logFailure(logger: Logger, what: string, error: unknown): void {
  if (!(error instanceof AmiClosedError)) logger.warn({ reason: messageOf(error) }, `${what} failed`);
}
