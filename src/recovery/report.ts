import type { CallSource } from './source-call.js';

/** What an import did. Every record that was read is counted in exactly one of the first four. */
export interface BackfillReport {
  /** Records in the source that could be read or not, of any time. */
  read: number;
  added: number;
  alreadyThere: number;
  unreadable: number;
  /** Readable, but not of the range. */
  outside: number;
  /** New calls in the repeated hour of an autumn night whose hour nothing tells; the earlier one was taken. */
  ambiguous: number;
  /** The first of the unreadable. */
  readonly firstUnreadable: string[];
  readonly source: string;
  readonly zone: string;
  readonly notes: readonly string[];
  readonly failures: readonly string[];
}

export const UNREADABLE_SHOWN = 20;

export function emptyReport({ name, clock, notes, failures }: CallSource): BackfillReport {
  return { read: 0, added: 0, alreadyThere: 0, unreadable: 0, outside: 0, ambiguous: 0, firstUnreadable: [], source: name, zone: clock.name, notes, failures };
}

/** What has been done so far, in one line. */
export const soFar = ({ read, added, alreadyThere, unreadable }: BackfillReport): string => `${read} read, ${added} new, ${alreadyThere} already there, ${unreadable} unreadable`;

/** The report as the command prints it. */
export function reportText(report: BackfillReport): string {
  const count = (value: number): string => String(value).padStart(9);
  const lines = [
    `source         ${report.source} (times in ${report.zone})`,
    `read         ${count(report.read)}`,
    `new          ${count(report.added)}`,
    `already there${count(report.alreadyThere)}`,
    `outside range${count(report.outside)}`,
    `unreadable   ${count(report.unreadable)}`,
    ...report.firstUnreadable.map((text) => `  ${text}`),
    ...(report.unreadable > report.firstUnreadable.length ? [`  and ${report.unreadable - report.firstUnreadable.length} more`] : []),
    `ambiguous    ${count(report.ambiguous)}${report.ambiguous > 0 ? '   (in the repeated hour of a clock change; the earlier hour was taken)' : ''}`,
    ...report.notes.map((note) => `note: ${note}`),
    ...report.failures.map((failure) => `not read: ${failure}`),
  ];
  return `${lines.join('\n')}\n`;
}
