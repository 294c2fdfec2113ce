import { z } from 'zod';
import { InvalidInputError } from '../errors.js';
import { captureGaps } from '../logs/capture-gap/columns.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { LogDefinition } from '../logs/columns.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { oneOf, readParameters } from '../logs/parameters.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { webSessions } from '../logs/web-session/columns.js';

/** The four logs, in the order of the main menu; the console opens with the first. */
export const LOGS: readonly LogDefinition[] = [sipSessions, registeredAccounts, webSessions, cdrs];

/** What the logs lack: the second menu. */
export const LACKING: readonly LogDefinition[] = [captureGaps, deadLetters];

export const ALL_LOGS: readonly LogDefinition[] = [...LOGS, ...LACKING];

/** The log that a form or an address means by the parameter `list`. Throws InvalidInputError for none of them. */
export function logOf(name: unknown): LogDefinition {
  const names = ALL_LOGS.map((log) => log.name);
  const { list } = readParameters(z.object({ list: oneOf(names) }), { list: name });
  const log = ALL_LOGS.find((each) => each.name === list);
  if (!log) throw new InvalidInputError('list', `must be one of ${names.join(', ')}`);
  return log;
}
