import type { Span } from '../logs/statistics/spans.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { secondsText } from './cells.js';
import type { Language } from './language.js';
import type { ReaderZone } from './zone.js';

/** How stretches are drawn, from above in a lane of 28 pixels: told apart by height, too, not by colour alone. */
const HEIGHTS = {
  call: [5, 18],
  talk: [5, 18],
  line: [8, 12],
  ring: [11, 6],
  within: [0, 28],
  online: [9, 10],
  offline: [13, 2],
  unheard: [0, 28],
} as const satisfies Readonly<Record<string, readonly [y: number, height: number]>>;
export type BarKind = keyof typeof HEIGHTS;

/** How moments are drawn, around their place: a shape of its own for each. */
const PATHS = {
  on: 'M0-5A5 5 0 1 0 0 5A5 5 0 1 0 0-5Z',
  off: 'M-5-5H5V5H-5Z',
  refused: 'M-5-5L5 5M-5 5L5-5',
  connect: 'M0-6L5.5 4.5H-5.5Z',
  disconnect: 'M0 6L5.5-4.5H-5.5Z',
  unsure: 'M0-6L6 0L0 6L-6 0Z',
} as const;
export type MarkKind = keyof typeof PATHS;

/** A stretch of a lane; `x` and `width` in percent of the timeline. */
export interface Bar {
  readonly kind: BarKind;
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
  /** From where to where a line is drawn instead, since the bar would be too narrow to be seen. */
  readonly line: { readonly from: number; readonly to: number } | null;
}

/** A moment in a lane. */
export interface Mark {
  readonly kind: MarkKind;
  readonly x: number;
  readonly path: string;
}

export interface Lane {
  readonly title: string;
  /** Said beneath the title, quietly. */
  readonly note: string;
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
}

export interface Tick {
  readonly x: number;
  readonly text: string;
  /** What a pointer held over it tells, '' for nothing. */
  readonly title: string;
  /** Left out where there is little room. */
  readonly minor: boolean;
}

/** A drawing of what lay when, one lane beneath the other. A table says the same. */
export interface Timeline {
  /** The drawing in words. */
  readonly label: string;
  readonly ticks: readonly Tick[];
  readonly lanes: readonly Lane[];
  readonly legend: readonly LegendEntry[];
}

/** What a shape means: that of a bar or that of a mark. */
export interface LegendEntry {
  readonly title: string;
  readonly bar: Bar | null;
  readonly mark: Mark | null;
}

export const barEntry = (kind: BarKind, title: string): LegendEntry => {
  const height = Math.ceil(HEIGHTS[kind][1] / 2);
  return { title, bar: { kind, x: 0, width: 100, y: 7 - Math.floor(height / 2), height, line: null }, mark: null };
};
export const markEntry = (kind: MarkKind, title: string): LegendEntry => ({ title, bar: null, mark: { kind, x: 50, path: PATHS[kind] } });

/** Places of a timeline over a stretch of time. */
export interface Scale {
  readonly span: Span;
  x(at: Micros): number;
  bars(kind: BarKind, spans: readonly Span[]): Bar[];
  moment(kind: MarkKind, at: Micros): Mark;
}

/** Percent: about two pixels on a phone. */
const TOO_NARROW = 0.6;

export function scaleOf(span: Span): Scale {
  const length = Math.max(1, span.to - span.from);
  const x = (at: Micros): number => Math.round((Math.min(Math.max(at - span.from, 0), length) / length) * 100_000) / 1_000;
  const bars = (kind: BarKind, spans: readonly Span[]): Bar[] => {
    const [y, height] = HEIGHTS[kind];
    const within = spans.filter(({ from, to }) => to >= span.from && from <= span.to);
    // A short absence beside long presence is what one looks for.
    const line = kind === 'offline' ? { from: 3, to: 25 } : { from: y, to: y + height };
    return within.map(({ from, to }) => {
      const width = Math.round((x(to) - x(from)) * 1_000) / 1_000;
      return { kind, x: x(from), width, y, height, line: width < TOO_NARROW && kind !== 'within' ? line : null };
    });
  };
  return { span, x, bars, moment: (kind, at) => ({ kind, x: x(at), path: PATHS[kind] }) };
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const MOST_TICKS = 8;

const stepOf = ({ from, to }: Span): Micros => {
  const seconds = (to - from) / MICROS_PER_SECOND;
  return (STEPS.find((step) => seconds / step <= MOST_TICKS) ?? Math.ceil(seconds / MOST_TICKS)) * MICROS_PER_SECOND;
};

/** `0:00:10` from the beginning on. */
export function elapsedTicks(scale: Scale, language: Language): Tick[] {
  const { from, to } = scale.span;
  const step = stepOf(scale.span);
  const count = Math.floor((to - from) / step) + 1;
  return Array.from({ length: count }, (_, index) => {
    const { text, title } = secondsText((index * step) / MICROS_PER_SECOND, language);
    return { x: scale.x(from + index * step), text, title, minor: index % 2 === 1 };
  });
}

/** `17:12`, with seconds where it is about less than some minutes; the date where a day begins. */
export function clockTicks(scale: Scale, zone: ReaderZone, { shortDate }: Language): Tick[] {
  const { from, to } = scale.span;
  const step = stepOf(scale.span);
  const offset = zone.offsetAt(from) * 60 * MICROS_PER_SECOND;
  const first = Math.ceil((from + offset) / step) * step - offset;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * step;
    const { date, clock } = zone.local(at);
    return { x: scale.x(at), text: clock === '00:00:00' ? shortDate(date) : step < 60 * MICROS_PER_SECOND ? clock : clock.slice(0, 5), title: '', minor: index % 2 === 1 };
  });
}
