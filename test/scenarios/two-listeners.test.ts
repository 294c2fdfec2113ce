import { describe, expect, it } from 'vitest';
import { amiEvent } from '../../src/ami/event.js';
import type { PbxInput } from '../../src/ami/input.js';
import { Translator } from '../../src/pipeline/translator.js';
import { capture, inputsOf, replayInputs } from './replay.js';
import { A, WIRE_A } from './wire.js';
import { isToldBy, ofAccounts, type SessionOutput } from './told.js';

/** The chan_sip recording's own listings are not replayed: without one nothing tells what was missed. */
const LISTED = ['asterisk-22-pjsip', 'asterisk-16-pjsip'];
const atOf = (input: PbxInput): number => (input.kind === 'event' ? input.event.at : input.at);

/** What a listener hears whose login stands from there on: its first listing of each kind is a baseline. */
function heardFrom(inputs: readonly PbxInput[], place: number): PbxInput[] {
  const listed = new Set<string>();
  const first = (kind: string): boolean => !listed.has(kind) && listed.add(kind).size > 0;
  const heard = inputs.slice(place).map((input): PbxInput => {
    if (input.kind === 'contacts') return { ...input, baseline: first(input.channelType) };
    return input.kind === 'transport-monitors' ? { ...input, baseline: first(input.kind) } : input;
  });
  return [{ kind: 'connected', at: atOf(inputs[place] as PbxInput) }, ...heard];
}

/** What one listener that heard all of it has written. */
function written(name: string) {
  const inputs = inputsOf(capture(`${name}.ami`));
  const rows = ofAccounts(replayInputs(inputs).outputs);
  const keys = new Set(rows.map(({ row }) => row.key));
  return { inputs, isThere: (output: SessionOutput): boolean => keys.has(output.row.key) || isToldBy(rows, output) };
}

const show = ({ row }: SessionOutput): string => `${row.timestamp} ${row.event} ${row.peername ?? '-'} ${row.details} ${row.remoteAddress ?? '-'}`;

describe.each([...LISTED, 'asterisk-16-chan_sip'])('%s, heard by two listeners', (name) => {
  const { inputs, isThere } = written(name);

  it('gives no row twice to one that begins to listen at any place', () => {
    const doubled: string[] = [];
    for (const [place, input] of inputs.entries()) {
      if (place === 0 || input.kind === 'tick') continue;
      const rows = ofAccounts(replayInputs(heardFrom(inputs, place)).outputs);
      doubled.push(...rows.filter((output) => !isThere(output)).map((output) => `${place}: ${show(output)}`));
    }
    expect(doubled).toEqual([]);
  });
});

describe.each(LISTED)('%s, heard by two listeners', (name) => {
  const { inputs, isThere } = written(name);

  it.each([1, 7, 60, 400])('gives no row twice to one that missed %i inputs at any place', (missed) => {
    const translator = new Translator('lab');
    const doubled: string[] = [];
    for (let place = 0; place + missed < inputs.length; place += 3) {
      const back = new Translator('lab');
      back.load(translator.save());
      const rows = ofAccounts(replayInputs(heardFrom(inputs, place + missed), back).outputs);
      doubled.push(...rows.filter((output) => !isThere(output)).map((output) => `${place}: ${show(output)}`));
      for (const input of inputs.slice(place, place + 3)) translator.handle(input);
    }
    expect(doubled).toEqual([]);
  });
});

describe('a phone that came while one listener was away', () => {
  const input = (name: string, at: number, headers: Readonly<Record<string, string>>): PbxInput => ({
    kind: 'event',
    event: amiEvent(name, at * 1e6, new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))),
  });
  const refresh = (at: number): PbxInput => input('SuccessfulAuth', at, { Service: 'PJSIP', AccountID: '909', SessionID: 's1', RemoteAddress: WIRE_A });

  it('makes no second CONNECT there, as far as the other one wrote who is on line', () => {
    const stayed = replayInputs([refresh(1_000), input('ContactStatus', 1_000.001, { URI: A, ContactStatus: 'NonQualified', EndpointName: '909' })]);
    const states = stayed.of('account-state').map(({ account }) => account);
    const back = new Translator('lab');
    back.load(new Translator('lab').save());
    const ignorant = replayInputs([refresh(1_030)], new Translator('lab')).sessions().map(({ event }) => event);
    back.learn(states);
    expect(ignorant).toEqual(['CONNECT']);
    expect(replayInputs([refresh(1_030)], back).sessions()).toEqual([]);
  });
});
