import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEpoch } from '../ami/clock.js';
import { fromSeconds, type Micros } from '../time.js';

/** One AMI connection's worth of a real PBX, on its own time line. */
export interface Recording {
  readonly startAt: Micros;
  readonly endAt: Micros;
  /** Events of the classes that Logbook asks for, in order. */
  readonly events: readonly RecordedBlock[];
  /** Each `ContactList` of each listing; the newest that is not in the future describes a contact. */
  readonly contacts: readonly RecordedBlock[];
  /** Answers to `pjsip show transport-monitors`, without their ActionID. */
  readonly monitors: readonly RecordedBlock[];
  /** The answer to `CoreSettings`, without its ActionID. */
  readonly settings: string;
}

export interface RecordedBlock {
  readonly at: Micros;
  /** Header lines, each ending in CRLF. */
  readonly text: string;
}

const CLASSES = new Set(['system', 'security', 'cdr', 'user']);
// The recording polled this often; its answers carry no time of their own.
const POLLED_EVERY = fromSeconds(2);
const AFTER_THE_LAST = fromSeconds(1);

/** The value of a header, `''` when the block has none. */
export function headerOf(block: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(block)?.[1]?.trimEnd() ?? '';
}

export function readRecording(path = join(import.meta.dirname, 'recording/asterisk-22.ami')): Recording {
  const blocks = readFileSync(path, 'utf8').split('\r\n\r\n').map((block) => block.replace(/^(\r\n)+/, ''));
  const events: RecordedBlock[] = [];
  const contacts: RecordedBlock[] = [];
  const monitors: RecordedBlock[] = [];
  let settings = '';
  let newest: Micros = 0;
  for (const block of blocks) {
    const text = `${block}\r\n`;
    const anonymous = text.replace(/^ActionID: .*\r\n/im, '');
    const at = parseEpoch(headerOf(text, 'Timestamp'));
    if (text.startsWith('Event: ContactList\r\n')) contacts.push({ at: newest, text: anonymous });
    else if (text.startsWith('Event: ') && at !== null) {
      newest = Math.max(newest, at);
      if (CLASSES.has(headerOf(text, 'Privilege').split(',')[0] ?? '')) events.push({ at: newest, text });
    } else if (text.includes('Output: PJSIP Transport Monitors:')) {
      const due = (monitors.at(-1)?.at ?? newest - POLLED_EVERY) + POLLED_EVERY;
      monitors.push({ at: Math.max(newest, due), text: anonymous });
    } else if (/^AsteriskVersion: /m.test(text)) settings = anonymous;
  }
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) throw new Error(`${path} holds no events`);
  return { startAt: first.at, endAt: last.at + AFTER_THE_LAST, events, contacts, monitors, settings };
}
