import type { Knex } from 'knex';
import type { PbxZone } from '../../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { Output } from '../output.js';

/** From `from` until `until` the PBX's wall clock is so far ahead of UTC. */
export interface KnownOffset {
  readonly from: Micros;
  readonly until: Micros;
  readonly offsetSeconds: number;
}

/** What a PBX has told of its zone, oldest first; between two of them may lie times of which it has not. */
export type KnownOffsets = readonly KnownOffset[];

type Told = Extract<Output, { kind: 'pbx-zone' }>;

/** So far beyond the instant at which it is asked the PBX tells (src/ami/zone.ts). */
const AHEAD: Micros = 8 * 86_400 * MICROS_PER_SECOND;
/** What fits into one setting; with two changes a year, some years. */
const MOST = 8;

/** Adds what a PBX tells of its zone to what it told before. */
export async function keepOffsets(trx: Knex, outputs: readonly Told[]): Promise<void> {
  for (const { pbx, zone, at } of outputs) {
    const name = settingOf(pbx);
    const before = await readOffsets(trx, pbx);
    const value = print(withTold(before, zone, at));
    if (value === print(before)) continue;
    await trx('setting').insert({ name, value }).onConflict('name').merge(['value']);
  }
}

export async function readOffsets(knex: Knex, pbx: string): Promise<KnownOffsets> {
  const row = await knex<{ name: string; value: string }>('setting').where({ name: settingOf(pbx) }).first('value');
  return row ? parse(row.value) : [];
}

/** What is told last counts; what was told before counts where it was not asked again. */
export function withTold(before: KnownOffsets, zone: PbxZone, at: Micros): KnownOffsets {
  const told = zone.spans.map(({ from, offsetSeconds }, index): KnownOffset => ({ from, until: zone.spans[index + 1]?.from ?? at + AHEAD, offsetSeconds }));
  const [first] = told;
  const last = told.at(-1);
  if (!first || !last) return before;
  const kept = before.flatMap((known) => [
    { ...known, until: Math.min(known.until, first.from) },
    { ...known, from: Math.max(known.from, last.until) },
  ]);
  const all = [...kept, ...told].filter(({ from, until }) => until > from).sort((a, b) => a.from - b.from);
  const merged: KnownOffset[] = [];
  for (const known of all) {
    const previous = merged.at(-1);
    if (previous && previous.until >= known.from && previous.offsetSeconds === known.offsetSeconds) merged.splice(-1, 1, { ...previous, until: Math.max(previous.until, known.until) });
    else merged.push(known);
  }
  return merged.slice(-MOST);
}

const settingOf = (pbx: string): string => `pbx-offsets-${eventKey(pbx)}`;

const print = (known: KnownOffsets): string => known.map(({ from, until, offsetSeconds }) => [seconds(from), seconds(until), offsetSeconds].join(',')).join(';');

function parse(text: string): KnownOffsets {
  return text.split(';').flatMap((entry) => {
    const [from, until, offsetSeconds] = entry.split(',').map(Number);
    return from === undefined || until === undefined || offsetSeconds === undefined ? [] : [{ from: from * MICROS_PER_SECOND, until: until * MICROS_PER_SECOND, offsetSeconds }];
  });
}

const seconds = (at: Micros): number => Math.floor(at / MICROS_PER_SECOND);
