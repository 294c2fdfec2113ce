import { describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import type { Output } from '../../../src/logs/output.js';
import { Listening } from '../../../src/pipeline/listening.js';
import { fromSeconds } from '../../../src/time.js';

const connected = (at: number): PbxInput => ({ kind: 'connected', at: fromSeconds(at) });
const disconnected = (at: number, reason = 'no answer to Ping'): PbxInput => ({ kind: 'disconnected', at: fromSeconds(at), reason });
const tick = (at: number): PbxInput => ({ kind: 'tick', at: fromSeconds(at) });
const event = (at: number): PbxInput => ({ kind: 'event', event: amiEvent('Cdr', fromSeconds(at), new Map()) });

const show = (output: Output): string =>
  output.kind === 'listening' || output.kind === 'loss' ? `${output.kind} ${output.from / 1e6}-${output.until / 1e6} ${output.reason ?? '-'}${output.kind === 'loss' ? ` ${output.lost}` : ''}` : output.kind;
const told = (inputs: readonly PbxInput[], listening = new Listening('lab')): string[] => inputs.flatMap((input) => listening.handle(input)).map(show);

describe('Listening', () => {
  it('tells of a login at once, then every five seconds of the PBX’s time, then of its end', () => {
    expect(told([connected(100), tick(101), event(104.9), event(105), tick(109), tick(111), disconnected(112)])).toEqual([
      'listening 100-100 -',
      'listening 100-105 -',
      'listening 100-111 -',
      'listening 100-112 no answer to Ping',
    ]);
  });

  it('tells at once when somebody logs in, who may be another listener that came back, and in the seconds after', () => {
    const login = (at: number, service = 'AMI'): PbxInput => ({ kind: 'event', event: amiEvent('SuccessfulAuth', fromSeconds(at), new Map([['service', service]])) });
    const silent = (at: number, heardAt: number): PbxInput => ({ kind: 'tick', at: fromSeconds(at), heardAt: fromSeconds(heardAt) });
    expect(told([connected(100), login(101, 'PJSIP'), login(102), silent(102.25, 102.005), silent(102.5, 102.005), event(102.1), event(102.3), tick(104), tick(104.5), event(107.2), tick(109.1)])).toEqual([
      'listening 100-100 -',
      'listening 100-102 -',
      'listening 100-102.005 -',
      'listening 100-102.3 -',
      'listening 100-104 -',
      'listening 100-109.1 -',
    ]);
  });

  it('counts time as heard up to the last word', () => {
    expect(told([connected(100), { kind: 'tick', at: fromSeconds(110), heardAt: fromSeconds(106) }, { kind: 'tick', at: fromSeconds(115), heardAt: fromSeconds(106) }, connected(150)])).toEqual([
      'listening 100-100 -',
      'listening 100-106 -',
      'listening 150-150 -',
    ]);
  });

  it('takes back what was told of time in which nothing came any more', () => {
    expect(told([connected(100), tick(106), tick(112), disconnected(103)]).at(-1)).toBe('listening 100-103 no answer to Ping');
    expect(told([connected(100), disconnected(90)]).at(-1)).toBe('listening 100-100 no answer to Ping');
  });

  it('hears nothing before a login and between two of them', () => {
    expect(told([tick(90), event(91), disconnected(92)])).toEqual([]);
    expect(told([connected(100), disconnected(101), tick(200), event(210), disconnected(220), connected(230)]).slice(2)).toEqual(['listening 230-230 -']);
  });

  it('ends a login that nobody ended where it was last heard', () => {
    expect(told([connected(100), tick(106), tick(109), connected(150)]).slice(2)).toEqual(['listening 100-109 -', 'listening 150-150 -']);
    expect(told([connected(100), connected(150)])).toEqual(['listening 100-100 -', 'listening 150-150 -']);
  });

  it('does not go back with events that come late', () => {
    expect(told([connected(100), tick(106), event(104), tick(110), tick(111)])).toEqual(['listening 100-100 -', 'listening 100-106 -', 'listening 100-111 -']);
  });

  it('goes by the PBX’s clock, wherever an event is dated', () => {
    expect(told([connected(100), tick(101), event(86_500), event(86_600), tick(104), tick(111), disconnected(112)])).toEqual([
      'listening 100-100 -',
      'listening 100-106 -',
      'listening 100-111 -',
      'listening 100-112 no answer to Ping',
    ]);
  });

  it('begins anew where the PBX’s clock is set', () => {
    expect(told([connected(100), tick(103), tick(97), tick(102)]).slice(1)).toEqual(["listening 100-103 the PBX's clock was set back", 'listening 97-97 -', 'listening 97-102 -']);
    expect(told([connected(100), tick(103), event(9_000), tick(9_000), tick(104), tick(110)]).slice(1)).toEqual([
      'listening 100-108 -',
      "listening 100-108 the PBX's clock jumped ahead",
      'listening 9000-9000 -',
      "listening 9000-9000 the PBX's clock was set back",
      'listening 104-104 -',
      'listening 104-110 -',
    ]);
  });

  it('tells what was left out, and goes on', () => {
    expect(told([connected(100), { kind: 'dropped', from: fromSeconds(101), at: fromSeconds(106), count: 7 }])).toEqual([
      'listening 100-100 -',
      'loss 101-106.000001 SPOOL_FULL 7',
      'listening 100-106 -',
    ]);
  });

  it('goes on where it was saved', () => {
    const [inputs, later] = [[connected(100), tick(103)], [tick(104), tick(105), disconnected(106)]];
    const before = new Listening('lab');
    told(inputs, before);
    const after = new Listening('lab');
    after.load(before.save());
    expect(told(later, after)).toEqual(told(later, before));
  });
});
