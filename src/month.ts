import { fromMs, toMs, type Micros } from './time.js';

/** A calendar month in UTC, `2026-05`. */
export type Month = string;

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

export const isMonth = (text: string): boolean => MONTH.test(text);

export function monthOf(at: Micros): Month {
  return new Date(toMs(at)).toISOString().slice(0, 7);
}

/** The month as a half-open range. */
export function rangeOf(month: Month): { readonly from: Micros; readonly to: Micros } {
  const [, year = '', number = ''] = MONTH.exec(month) ?? [];
  const start = (offset: number): Micros => fromMs(Date.UTC(Number(year), Number(number) - 1 + offset, 1));
  return { from: start(0), to: start(1) };
}

const DAY: Micros = fromMs(86_400_000);

/** Rows before it are older than `days`, and so is every other row of their month. */
export const leavesBefore = (now: Micros, days: number): Micros => rangeOf(monthOf(now - days * DAY)).from;

export const monthAfter = (month: Month): Month => monthOf(rangeOf(month).to);
