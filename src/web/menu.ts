import { captureGaps } from '../logs/capture-gap/columns.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { LogDefinition } from '../logs/columns.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { webSessions } from '../logs/web-session/columns.js';

/** The four logs, in the order of the main menu; the console opens with the first. */
export const LOGS: readonly LogDefinition[] = [sipSessions, registeredAccounts, webSessions, cdrs];

/** What the logs lack: the second menu. */
export const LACKING: readonly LogDefinition[] = [captureGaps, deadLetters];

export const ALL_LOGS: readonly LogDefinition[] = [...LOGS, ...LACKING];
