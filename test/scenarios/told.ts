import type { Output } from '../../src/logs/output.js';
import { MICROS_PER_SECOND } from '../../src/time.js';

export type SessionOutput = Extract<Output, { kind: 'sip-session' }>;

const MARGIN = 2 * MICROS_PER_SECOND;

export const ofAccounts = (outputs: readonly Output[]): SessionOutput[] =>
  outputs.filter((output): output is SessionOutput => output.kind === 'sip-session' && (output.row.event === 'REGISTER' || output.row.event === 'UNREGISTER'));

/** What the writer asks of the table before it writes a row that a listing proves: whether another listener's rows say the same. */
export function isToldBy(others: readonly SessionOutput[], { row, doubt }: SessionOutput): boolean {
  if (doubt?.kind !== 'inferred') return false;
  return others.some(
    ({ row: other }) =>
      other.peername === row.peername &&
      other.event === row.event &&
      !doubt.heard.includes(other.key) &&
      other.timestamp >= doubt.since - MARGIN &&
      other.timestamp <= row.timestamp + MARGIN,
  );
}
