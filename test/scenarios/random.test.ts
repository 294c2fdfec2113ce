import { describe, expect, it } from 'vitest';
import type { Output } from '../../src/logs/output.js';
import { Translator } from '../../src/pipeline/translator.js';
import { MICROS_PER_SECOND } from '../../src/time.js';
import { seeded } from '../support/random.js';
import { broken, ending, heard, RandomPbx, whole } from './random-pbx.js';
import { replayInputs } from './replay.js';
import { isToldBy, ofAccounts } from './told.js';

const SEEDS = Array.from({ length: 16 }, (_, n) => n + 1);
const pbxOf = (seed: number): RandomPbx => new RandomPbx(seeded(seed), 150, seed % 2 === 0);

const rowsOf = (outputs: readonly Output[]): string[] =>
  ofAccounts(outputs)
    .map(({ row }) => `${row.event} ${row.peername ?? '-'} ${Math.round(row.timestamp / (20 * 1_000))}`)
    .sort();

describe.each(SEEDS)('a PBX at random (%i)', (seed) => {
  const { moments, truth } = pbxOf(seed);
  const full = ofAccounts(replayInputs(whole(moments, seeded(seed))).outputs);

  it('is told as it was', () => {
    const close = (event: string, peername: string | null): number[] => full.filter(({ row }) => row.event === event && row.peername === peername).map(({ row }) => row.timestamp).sort((a, b) => a - b);
    for (const { event, peername } of truth) {
      const expected = truth.filter((t) => t.event === event && t.peername === peername).map(({ at }) => at);
      const found = close(event, peername);
      expect(`${event} ${peername} ${found.length}`).toBe(`${event} ${peername} ${expected.length}`);
      for (const [n, at] of expected.entries()) expect(Math.abs((found[n] ?? 0) - at)).toBeLessThan(MICROS_PER_SECOND / 10);
    }
  });

  it('is told the same by one that stops and goes on anywhere', () => {
    const inputs = broken(moments, seeded(seed));
    const uncut = new Translator('lab');
    let cut = new Translator('lab');
    for (const input of inputs) {
      const again = new Translator('lab');
      expect(again.load(cut.save())).toBe(true);
      cut = again;
      expect(cut.handle(input)).toEqual(uncut.handle(input));
    }
    expect(cut.save()).toBe(uncut.save());
  });

  it('tells alone, and with breaks, who came and who went', () => {
    const random = seeded(seed + 2_000);
    const last = moments.length - Math.floor(random() * 40);
    const inputs = [...broken(moments.slice(0, last - 20), random).slice(0, -1), ...heard(moments, last, moments.length, random), ending(moments)];
    const { outputs } = replayInputs(inputs);
    const online = new Map<string, boolean>();
    for (const { row } of ofAccounts(outputs).sort((a, b) => a.row.timestamp - b.row.timestamp)) {
      if (row.source === 'CLIENT' && row.details !== '200 OK' && row.event === 'REGISTER') continue;
      if (row.event === 'REGISTER' || !/REPLACED|left$/.test(row.details)) online.set(row.peername ?? '', row.event === 'REGISTER');
    }
    const truly = new Set(moments.at(-1)?.online.map(({ endpoint }) => endpoint));
    const states = new Map(outputs.flatMap((output) => (output.kind === 'account-state' ? [[output.account.username, output.account.contacts.length > 0] as const] : [])));
    expect([...online].map(([name, is]) => `${name} ${is} ${states.get(name) ?? false}`)).toEqual([...online].map(([name]) => `${name} ${truly.has(name)} ${truly.has(name)}`));
  });

  it('has no row twice when a second one listens with breaks', () => {
    const rows = ofAccounts(replayInputs(broken(moments, seeded(seed + 1_000))).outputs);
    const keys = new Set(full.map(({ row }) => row.key));
    expect(rowsOf(rows.filter((output) => !keys.has(output.row.key) && !isToldBy(full, output)))).toEqual([]);
  });
});
