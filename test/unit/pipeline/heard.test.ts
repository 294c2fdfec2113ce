import { describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { LastHeard, SET_AHEAD, SET_BACK, timePassed } from '../../../src/pipeline/heard.js';
import { fromSeconds, MICROS_PER_SECOND } from '../../../src/time.js';

const at = fromSeconds;
const event = (seconds: number) => ({ kind: 'event', event: amiEvent('Cdr', at(seconds), new Map()) }) as const;
const booted = (seconds: number, headers: Readonly<Record<string, string>>) => ({ kind: 'event', event: amiEvent('FullyBooted', at(seconds), new Map(Object.entries(headers))) }) as const;
const tick = (seconds: number) => ({ kind: 'tick', at: at(seconds) }) as const;
const name = (seconds: number) => ({ kind: 'account-name', channelType: 'PJSIP', endpoint: '909', name: 'Desk', at: at(seconds) }) as const;
const listing = (asked: number, seconds: number) => ({ kind: 'transport-monitors', connections: [], requestedAt: at(asked), at: at(seconds), baseline: false }) as const;
const dropped = (seconds: number) => ({ kind: 'dropped', from: at(seconds - 1), at: at(seconds), count: 1 }) as const;

describe('time passed', () => {
  const heard = { until: at(1_003), clock: at(1_000) };
  it.each([
    ['an event shortly after', event(1_004), 1_004, 1_000],
    ['the FullyBooted that answers a login, which has no time of its own', booted(1_004, {}), 1_003, 1_000],
    ['a FullyBooted that says when', booted(1_004, { timestamp: '1004.000000' }), 1_004, 1_000],
    ['an event of before', event(900), 1_003, 1_000],
    ['an event dated ahead', event(90_000), 1_005, 1_000],
    ['a tick', tick(1_100), 1_100, 1_100],
    ['a tick in silence', { ...tick(1_100), heardAt: at(1_050) }, 1_050, 1_100],
    ['a tick in a silence that began before the newest event', { ...tick(1_100), heardAt: at(900) }, 1_003, 1_100],
    ['a tick an hour on', tick(4_600), 4_600, 4_600],
    ['a tick that is behind the events', tick(998), 1_003, 998],
    ['an answer, before which more may have been said', name(1_100), 1_003, 1_100],
    ['a listing, up to when it was asked for', listing(1_050, 1_100), 1_050, 1_100],
    ['an answer that is late', name(900), 1_003, 1_000],
    ['an answer by a clock that was set', name(90_000), 1_005, 1_000],
    ['a note of what was left out', dropped(1_100), 1_100, 1_100],
    ['a note of what was left out and dated ahead', dropped(90_000), 1_005, 1_000],
  ])('goes on with %s', (_, input, until, clock) => {
    expect(timePassed(heard, input)).toEqual({ kind: 'goes on', heard: { until: at(until), clock: at(clock) } });
  });

  it('is no one stretch where the clock was set', () => {
    expect(timePassed(heard, tick(997.9))).toEqual({ kind: 'clock set', at: at(997.9), reason: SET_BACK });
    expect(timePassed(heard, tick(4_601))).toEqual({ kind: 'clock set', at: at(4_601), reason: SET_AHEAD });
  });
});

describe('LastHeard', () => {
  const after = (inputs: readonly PbxInput[], last = new LastHeard(null)): string[] =>
    inputs.map((input) => {
      const heard = last.after(input);
      return heard ? `${heard.at / MICROS_PER_SECOND} ${heard.standing ? 'stands' : 'ended'}` : '-';
    });
  const connected = { kind: 'connected', at: at(100) } as const;

  it('follows the PBX’s clock, not the events', () => {
    expect(after([tick(90), connected, event(104), event(86_500), tick(107), { kind: 'disconnected', at: at(106), reason: 'gone' }, tick(120)])).toEqual([
      '-', '100 stands', '104 stands', '105 stands', '107 stands', '106 ended', '106 ended',
    ]);
  });

  it('counts up to the last word, while nothing comes', () => {
    expect(after([connected, { ...tick(110), heardAt: at(104) }, { ...tick(115), heardAt: at(104) }])).toEqual(['100 stands', '104 stands', '104 stands']);
  });

  it('follows a clock that was set', () => {
    expect(after([connected, tick(90_000), event(90_002), tick(101), event(103)])).toEqual(['100 stands', '90000 stands', '90002 stands', '101 stands', '103 stands']);
  });

  it('keeps what an earlier run left, until there is a login', () => {
    expect(after([tick(90), connected], new LastHeard({ at: at(50), standing: false }))).toEqual(['50 ended', '100 stands']);
  });
});
