import { isInstant, type Column, type LogDefinition, type LogRecord, type Value } from '../logs/columns.js';
import { MICROS_PER_SECOND, toIso, type Micros } from '../time.js';
import { formatSeconds, visible } from './display-text.js';
import type { Language } from './language.js';
import { listedColumns } from './list-columns.js';
import { offsetName, type ReaderZone } from './zone.js';

export interface TimeText {
  /** `2026-05-10 17:12:24`, in the reader's zone; of a duration `0:01:25`. */
  readonly text: string;
  /** `.882`, or '' where seconds are all there is. */
  readonly fraction: string;
  /** The instant in UTC; of a duration `PT85S`. */
  readonly iso: string;
  /** What a pointer held over it tells. */
  readonly title: string;
}

/** How a value is coloured; the word itself always stands there too. */
export type Tone = 'good' | 'bad' | 'caution' | 'plain';

/** One cell of a table, ready for the template, which escapes it. */
export interface Cell {
  readonly title: string;
  /** For the style sheet: the column's name and type. */
  readonly className: string;
  readonly text: string;
  readonly href?: string;
  readonly time?: TimeText;
  readonly tone?: Tone;
  /** Said beside the value, quietly. */
  readonly note?: string;
  /** What a pointer held over that tells. */
  readonly noteTitle?: string;
  readonly noteLinks?: readonly { readonly text: string; readonly href: string }[];
}

const TONES: Readonly<Record<string, Tone>> = {
  REGISTER: 'good',
  UNREGISTER: 'caution',
  DISCONNECT: 'bad',
  CONNECT: 'plain',
  ANSWERED: 'good',
  NO_ANSWER: 'caution',
  BUSY: 'caution',
  FAILED: 'bad',
  SUCCESS: 'good',
  SUCCESS_INTERACTIVE: 'good',
  SIGNED_OUT: 'plain',
  GAP: 'caution',
  LOSS: 'bad',
  pending: 'caution',
  once: 'caution',
  done: 'good',
  failed: 'bad',
};

/** Columns of what Logbook itself said, in English. */
const SENTENCES: ReadonlySet<string> = new Set(['reason', 'recoveryNote']);

/** The events of one account: elsewhere another may have its name. */
export const accountEventsHref = (pbx: string, peername: string): string => `/sip-sessions?${new URLSearchParams({ peername, pbx }).toString()}`;
export const accountHref = (id: Value): string => `/registered-accounts/${String(id)}`;

/** The account of that name, on line or not. */
export const accountPageHref = (pbx: string, peername: string): string => `/accounts/${encodeURIComponent(pbx)}/${encodeURIComponent(peername)}`;

/** The whole call that a leg belongs to. */
export function callHref({ linkedid, uniqueid, id, pbx }: LogRecord): string {
  const call = String(linkedid ?? '') || String(uniqueid ?? '');
  if (call === '') return `/calls/leg-${String(id)}`;
  return `/calls/${encodeURIComponent(call)}?${new URLSearchParams({ pbx: String(pbx ?? '') }).toString()}`;
}

/** What single columns add to the plain value. */
const EXTRAS: Readonly<Record<string, (record: LogRecord, language: Language) => Partial<Cell>>> = {
  // Green would say that somebody is on line.
  'sip-sessions.event': ({ event, details }) => (event === 'REGISTER' && details !== '200 OK' ? { tone: 'bad' } : {}),
  'sip-sessions.peername': ({ peername, pbx }) => (typeof peername === 'string' ? { href: accountEventsHref(String(pbx), peername) } : {}),
  'sip-sessions.reconciled': bindingNote,
  'registered-accounts.username': ({ status, id }, { t }) => ({ href: accountHref(id ?? ''), ...(status === 'Unreachable' ? { note: t('does not answer') } : {}) }),
  'registered-accounts.id': ({ id }) => ({ href: accountHref(id ?? '') }),
  'registered-accounts.ipAddress': ({ contactCount }) =>
    Number(contactCount) > 1 ? { note: `+${Number(contactCount) - 1}` } : {},
  'cdrs.callDate': (record) => ({ href: callHref(record) }),
  'calls.begin': (record) => ({ href: callHref(record) }),
  'capture-gaps.to': ({ from, to }, language) => ({ note: `(${language.duration(Number(to) - Number(from))})`, noteTitle: secondsTitle(Number(to) - Number(from), language) }),
  'dead-letters.id': ({ id }) => ({ href: `/dead-letters/${String(id)}` }),
};

function bindingNote({ binding, candidates, pbx }: LogRecord, { t }: Language): Partial<Cell> {
  if (binding === 'ambiguous') {
    return { note: t('ambiguous:'), noteLinks: candidateNames(candidates).map((text) => ({ text: visible(text), href: accountEventsHref(String(pbx), text) })) };
  }
  if (binding === 'pending') return { note: t('pending') };
  return binding === 'unknown' ? { note: t('unknown') } : {};
}

/** The accounts that an ambiguous row may belong to. */
export function candidateNames(candidates: Value | undefined): string[] {
  if (typeof candidates !== 'string') return [];
  return candidates
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The cells of these columns, in their order. */
export function rowsOf(log: LogDefinition, records: readonly LogRecord[], zone: ReaderZone, language: Language, names: readonly string[] = listedColumns(log)): Cell[][] {
  const columns = names.flatMap((name) => {
    const column = log.columns[name];
    const chosen = Array.isArray(column?.filter);
    const extra = EXTRAS[`${log.name}.${name}`];
    return column ? [{ name, column, chosen, extra, title: language.t(column.title), className: `${name} ${column.type}${chosen ? ' choice' : ''}` }] : [];
  });
  return records.map((record) =>
    columns.map((shown) => {
      const cell = plainCell(shown, record[shown.name] ?? null, zone, language);
      return shown.extra ? { ...cell, ...shown.extra(record, language) } : cell;
    }),
  );
}

interface ShownColumn {
  readonly name: string;
  readonly column: Column;
  readonly chosen: boolean;
  readonly title: string;
  readonly className: string;
}

function plainCell({ name, column, chosen, title, className }: ShownColumn, value: Value, zone: ReaderZone, language: Language): Cell {
  const { said } = language;
  const cell = { title, className, text: '' };
  if (value === null || value === '') return cell;
  if (isInstant(column)) {
    const time = timeText(Number(value), zone, column);
    return { ...cell, text: time.text, time };
  }
  if (column.type === 'seconds') return { ...cell, text: formatSeconds(Number(value)), time: secondsText(Number(value), language) };
  const tone = chosen && typeof value === 'string' ? toneOf(value) : 'plain';
  if (typeof value === 'string' && PHONE_NUMBER.test(value)) cell.className += ' number';
  return { ...cell, text: visible(SENTENCES.has(name) ? said(String(value)) : String(value)), ...(tone === 'plain' ? {} : { tone }) };
}

/** Nothing that breaks, groups or signs a number may stand between its digits. */
const PHONE_NUMBER = /^\+?[\d*#]{2,24}$/;

/** A duration as people read it, and in seconds for who points at it. */
export function secondsText(seconds: number, { t }: Language): TimeText {
  return { text: formatSeconds(seconds), fraction: '', iso: `PT${seconds}S`, title: t('{{count}} seconds', { count: seconds }) };
}

/** What a pointer held over a duration tells that is said in its largest units. */
export const secondsTitle = (length: Micros, language: Language): string => secondsText(Math.round(length / MICROS_PER_SECOND), language).title;

export const toneOf = (word: string): Tone => TONES[word] ?? (/^(FAIL|LOCKED)/.test(word) ? 'bad' : 'plain');

/** An instant on the reader's wall clock, as precise as its column. */
export function timeText(at: Micros, zone: ReaderZone, { type, optional }: Pick<Column, 'type' | 'optional'>): TimeText {
  const precision = type === 'precise-instant' ? 'us' : 'ms';
  const { date, clock, fraction } = zone.local(at);
  const digits = precision === 'us' ? fraction : fraction.slice(0, 3);
  const wholeSecond = optional === true && /^0+$/.test(digits);
  const iso = toIso(at, precision);
  return { text: `${date} ${clock}`, fraction: wholeSecond ? '' : `.${digits}`, iso, title: `${date}T${clock}.${digits}${offsetName(zone.offsetAt(at)).slice(3)} = ${iso}` };
}
