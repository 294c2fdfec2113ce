import { expect } from 'vitest';
import { settingsFrom } from '../../../src/config.js';
import { runDoctor } from '../../../src/doctor/doctor.js';
import type { Check } from '../../../src/doctor/outcome.js';
import { exitCodeFor, printForMachines, printForPeople } from '../../../src/doctor/print.js';

/** Each check by its name: `kind: message`, then for each fix where it goes and its lines. */
export type Said = Readonly<Record<string, string>>;

export interface Asked {
  readonly said: Said;
  readonly code: number;
}

/** Asks with these settings, and makes sure that no secret of the tests is printed. */
export async function ask(settings: Readonly<Record<string, string>>): Promise<Asked> {
  const checks = await runDoctor(settingsFrom(settings));
  for (const printed of [printForPeople(checks), printForMachines(checks)]) expect(printed).not.toMatch(/change-me-before-use|-secret|pässwörd|p%C3%A4ssw/);
  return { said: Object.fromEntries(checks.map((check) => [check.name, text(check)])), code: exitCodeFor(checks) };
}

/** The checks that are not right, as `name kind`, in their order. */
export const notOk = (said: Said): string[] => Object.entries(said).flatMap(([name, words]) => (words.startsWith('ok: ') ? [] : [`${name} ${words.split(':', 1)[0] ?? ''}`]));

function text({ outcome }: Check): string {
  const fixes = outcome.kind === 'ok' ? [] : outcome.fixes.flatMap(({ where, lines }) => [where, ...lines]);
  return [`${outcome.kind}: ${outcome.message}`, ...fixes].join('\n');
}
