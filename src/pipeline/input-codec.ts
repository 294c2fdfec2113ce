import { amiEvent } from '../ami/event.js';
import type { PbxInput } from '../ami/input.js';

type Plain = Exclude<PbxInput, { kind: 'event' }>;
type Encoded = Plain | { readonly kind: 'event'; readonly name: string; readonly at: number; readonly headers: readonly (readonly [string, string])[] };

/** An input as one line of JSON. */
export function encodeInput(input: PbxInput): string {
  if (input.kind !== 'event') return JSON.stringify(input);
  const { event } = input;
  return JSON.stringify({ kind: 'event', name: event.name, at: event.at, headers: event.headers() } satisfies Encoded);
}

/** Whether a line of {@link encodeInput} is an event. */
export const isEventLine = (line: string): boolean => line.startsWith('{"kind":"event"');

/** What {@link encodeInput} wrote. Throws a SyntaxError for anything else. */
export function decodeInput(text: string): PbxInput {
  const encoded = JSON.parse(text) as Encoded | null;
  if (typeof encoded !== 'object' || encoded === null || typeof encoded.kind !== 'string') throw new SyntaxError('no input of the spool');
  if (encoded.kind !== 'event') return encoded;
  return { kind: 'event', event: amiEvent(encoded.name, encoded.at, new Map(encoded.headers)) };
}

/** When an input happened, by the PBX's clock. */
export const instantOf = (input: PbxInput): number => (input.kind === 'event' ? input.event.at : input.at);
