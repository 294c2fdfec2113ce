import type { Check, Outcome } from './outcome.js';

const MARKS: Readonly<Record<Outcome['kind'], string>> = { ok: 'ok', unknown: '?', less: '!', loses: 'x' };

/** One line a check, the lines to add indented beneath, and a last line that sums up. */
export function printForPeople(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ name, outcome }) => [`${MARKS[outcome.kind].padEnd(2)}  ${name.padEnd(20)} ${outcome.message}`, ...fixLines(outcome)]);
  return `${[...lines.map(oneLine), '', summary(checks), ...reloads(checks)].join('\n')}\n`;
}

// Versions, messages and names come from servers, which must not write lines or colours of their own.
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

function reloads(checks: readonly Check[]): string[] {
  const onPbx = checks.some(({ outcome }) => outcome.kind !== 'ok' && outcome.fixes.some(({ where }) => PBX_FILE.test(where)));
  return onPbx ? ["The PBX takes changes at `asterisk -rx 'core reload'`, and a login its privileges when it logs in again."] : [];
}

const PBX_FILE = /^(manager|cdr|cdr_manager|pjsip|modules)\.conf/;

/** `{status, checks: [{name, kind, message, fixes}]}`, where `status` is the worst kind there is. */
export function printForMachines(checks: readonly Check[]): string {
  const flat = checks.map(({ name, outcome }) => ({ name, fixes: [], ...outcome }));
  return `${JSON.stringify({ status: worst(checks), checks: flat }, null, 2)}\n`;
}

/** 1 when something would lose data, else 0. */
export const exitCodeFor = (checks: readonly Check[]): 0 | 1 => (worst(checks) === 'loses' ? 1 : 0);

function fixLines(outcome: Outcome): string[] {
  if (outcome.kind === 'ok') return [];
  return outcome.fixes.flatMap(({ where, lines }) => [`      in ${where}:`, ...lines.map((line) => `        ${line}`)]);
}

function summary(checks: readonly Check[]): string {
  const count = (kind: Outcome['kind']): number => checks.filter(({ outcome }) => outcome.kind === kind).length;
  const parts = [`${count('ok')} ok`];
  if (count('unknown') > 0) parts.push(`${count('unknown')} cannot be told (?)`);
  if (count('less') > 0) parts.push(`${count('less')} less than it could be (!)`);
  parts.push(count('loses') > 0 ? `${count('loses')} would lose data (x)` : 'nothing found that would lose data');
  return parts.join(', ');
}

function worst(checks: readonly Check[]): Outcome['kind'] {
  const order = ['loses', 'less', 'unknown'] as const;
  return order.find((kind) => checks.some(({ outcome }) => outcome.kind === kind)) ?? 'ok';
}
