import { describe, expect, it } from 'vitest';
import type { PbxInput } from '../../src/ami/input.js';
import type { Output } from '../../src/logs/output.js';
import { Translator } from '../../src/pipeline/translator.js';
import { MICROS_PER_SECOND, type Micros } from '../../src/time.js';
import { capture, inputsOf, replayInputs } from './replay.js';

const CAPTURES = ['asterisk-22-pjsip', 'asterisk-16-pjsip', 'asterisk-16-chan_sip'];

const atOf = (input: PbxInput): Micros => (input.kind === 'event' ? input.event.at : input.at);

/** A translator that has heard nothing but what another one remembers. */
function loaded(state: string): Translator {
  const translator = new Translator('lab');
  expect(translator.load(state)).toBe(true);
  return translator;
}

/** What an uninterrupted run gives for each input, and what it remembers before each. */
function uncut(inputs: readonly PbxInput[]): { outputs: Output[][]; states: string[] } {
  const translator = new Translator('lab');
  const states: string[] = [];
  const outputs = inputs.map((input) => {
    states.push(translator.save());
    return translator.handle(input);
  });
  return { outputs, states };
}

const keysOf = (outputs: readonly Output[]): Set<string> =>
  new Set(outputs.flatMap((output) => (output.kind === 'sip-session' || output.kind === 'web-session' || output.kind === 'cdr' ? [output.row.key] : [])));

const withoutTicks = (inputs: readonly PbxInput[]): PbxInput[] => inputs.filter((input, index) => input.kind !== 'tick' || index === inputs.length - 1);

/** The places in the minute in which most was heard. */
function busiestMinute(inputs: readonly PbxInput[]): number[] {
  const minutes = new Map<number, number[]>();
  for (const [index, input] of inputs.entries()) {
    const minute = Math.floor(atOf(input) / (60 * MICROS_PER_SECOND));
    minutes.set(minute, [...(minutes.get(minute) ?? []), index]);
  }
  return [...minutes.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

describe.each(CAPTURES)('%s, interrupted', (name) => {
  const inputs = inputsOf(capture(`${name}.ami`));
  const { outputs, states } = uncut(inputs);

  it('gives the same when it is saved and loaded at every place', () => {
    let translator = new Translator('lab');
    for (const [index, input] of inputs.entries()) {
      translator = loaded(translator.save());
      expect(translator.save()).toBe(states[index]);
      expect(translator.handle(input)).toEqual(outputs[index]);
    }
  });

  it('gives the same to its end, wherever it is cut', () => {
    const every = inputs.map((_, index) => index).filter((index) => index % 101 === 0);
    const busy = busiestMinute(inputs).filter((_, n) => n % 17 === 0);
    for (const place of [...every, ...busy]) {
      const translator = loaded(states[place] ?? '');
      expect(inputs.slice(place).map((input) => translator.handle(input))).toEqual(outputs.slice(place));
    }
  });

  it('makes no other rows when it goes back to an earlier state and has fewer ticks', () => {
    const all = keysOf(outputs.flat());
    for (let crash = 50; crash < inputs.length; crash += 97) {
      const checkpoint = crash - (crash % 50);
      const again = withoutTicks(inputs.slice(checkpoint));
      const after = replayInputs(again, loaded(states[checkpoint] ?? '')).outputs;
      expect(keysOf([...outputs.slice(0, crash).flat(), ...after])).toEqual(all);
    }
  });

  it('makes the same rows when time is only spoken of at the end', () => {
    expect(keysOf(replayInputs(withoutTicks(inputs)).outputs)).toEqual(keysOf(outputs.flat()));
  });
});
