import { amiEvent } from '../ami/event.js';
import type { PbxInput } from '../ami/input.js';
import { messageOf } from '../errors.js';
import { eventKey } from '../logs/key.js';
import type { DeadLetter, Output } from '../logs/output.js';
import { encodeInput, instantOf } from './input-codec.js';

type DeadOutput = Extract<Output, { kind: 'dead-letter' }>;

/** What a password could be guessed from; no log is made of them. */
const SECRET = new Set(['challenge', 'receivedchallenge', 'response', 'receivedhash', 'expectedresponse']);

/** An input that translation could not take. */
export function deadEvent(pbx: string, input: PbxInput, reason: string): DeadOutput {
  const name = input.kind === 'event' ? input.event.name : input.kind;
  return letter({ pbx, at: instantOf(input), stage: 'event', name, reason, content: encodeInput(withoutSecrets(input)) });
}

/** A line of the spool that can no longer be read. */
export const deadLine = (pbx: string, line: string): DeadOutput =>
  letter({ pbx, at: 0, stage: 'event', name: 'unreadable', reason: 'the line of the spool is damaged', content: line });

/** An output that the database refused for what it is. */
export const deadRow = (pbx: string, output: Output, error: unknown): DeadOutput =>
  letter({ pbx, at: outputInstant(output), stage: 'row', name: output.kind, reason: wordsOf(error), content: JSON.stringify(output) });

/** What the database itself said, without the statement that knex puts before it. Its words may hold values, as the letter does. */
export function wordsOf(error: unknown): string {
  const own = error instanceof Error && 'sqlMessage' in error ? String(error.sqlMessage) : messageOf(error);
  return own.split(' - ').at(-1) ?? own;
}

function letter(parts: Omit<DeadLetter, 'key'>): DeadOutput {
  return { kind: 'dead-letter', letter: { key: eventKey('dead letter', parts.pbx, parts.stage, parts.content), ...parts } };
}

function outputInstant(output: Output): number {
  switch (output.kind) {
    case 'sip-session':
      return output.row.timestamp;
    case 'web-session':
      return output.row.dateCreated;
    case 'cdr':
      return output.row.callDate;
    case 'account-state':
      return output.account.updatedAt;
    case 'socket-use':
      return output.at;
    case 'listening':
    case 'loss':
      return output.from;
    default:
      return 0;
  }
}

function withoutSecrets(input: PbxInput): PbxInput {
  if (input.kind !== 'event') return input;
  const { event } = input;
  return { kind: 'event', event: amiEvent(event.name, event.at, new Map([...event.headers()].filter(([name]) => !SECRET.has(name)))) };
}
