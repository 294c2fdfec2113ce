import { describe, expect, it, vi } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { Agenda } from '../../../src/logs/sip-session/agenda.js';
import { Translator } from '../../../src/pipeline/translator.js';

const START = 1_795_369_246_000_000;

function event(name: string, at: number, headers: Readonly<Record<string, string>>): PbxInput {
  return { kind: 'event', event: amiEvent(name, at, new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))) };
}

function register(translator: Translator, n: number, at: number): void {
  const ip = `10.0.${n >> 8}.${n & 255}`;
  translator.handle(event('SuccessfulAuth', at, { Service: 'PJSIP', AccountID: `u${n}`, SessionID: `call-id-${n}`, RemoteAddress: `IPV4/UDP/${ip}/5060` }));
  translator.handle(event('ContactStatus', at + 20, { URI: `sip:u${n}@${ip}:5060`, ContactStatus: 'NonQualified', EndpointName: `u${n}` }));
}

describe('a translator’s saved state', () => {
  it.each([
    ['nothing', ''],
    ['half of it', '{"version":2,"pbx":"lab","zo'],
    ['another kind of JSON', 'null'],
    ['another version', new Translator('lab').save().replace(/"version":\d+/, '"version":0')],
    ['another PBX', new Translator('other').save()],
    ['a part of it', '{"version":2,"pbx":"lab","zone":null}'],
    ['what points at nothing', brokenState()],
  ])('is refused when it is %s, which leaves the translator as new', (_, text) => {
    const translator = new Translator('lab');
    expect(translator.load(text)).toBe(false);
    expect(translator.save()).toBe(new Translator('lab').save());
  });

  it('keeps the zone of the PBX', () => {
    const translator = new Translator('lab');
    translator.handle({ kind: 'zone', zone: { spans: [{ from: 0, offsetSeconds: 3_600 }] }, at: START });
    const call = event('Cdr', START, { UniqueID: '1.1', StartTime: '2026-11-22 18:00:00' });
    const again = new Translator('lab');
    again.load(translator.save());
    expect(again.handle(call)).toEqual(translator.handle(call));
    expect(again.handle(call)).not.toEqual(new Translator('lab').handle(call));
  });

  it('of ten thousand accounts is made anew of those alone that changed', () => {
    const translator = new Translator('lab');
    for (let n = 0; n < 10_000; n += 1) register(translator, n, START + n * 100);
    const stringify = vi.spyOn(JSON, 'stringify');
    const worked = (): number => {
      stringify.mockClear();
      translator.save();
      return stringify.mock.calls.length;
    };
    try {
      // What waited is decided with the first of these, which touches every account.
      register(translator, 0, START + 20_000_000);
      expect(worked()).toBeGreaterThan(10_000);
      for (let n = 1; n < 10; n += 1) {
        register(translator, n, START + (20 + n) * 1_000_000);
        expect(worked()).toBeLessThan(100);
      }
    } finally {
      stringify.mockRestore();
    }
  });
});

describe('a time that is far off', () => {
  it('in one event does not hold up those that follow it', () => {
    const translator = new Translator('lab');
    translator.handle(event('ContactStatus', START, { URI: 'sip:909@10.0.0.1:5060', ContactStatus: 'NonQualified', EndpointName: '909' }));
    translator.handle(event('SuccessfulAuth', 0, { Service: 'PJSIP', AccountID: '909', SessionID: 'a', RemoteAddress: 'IPV4/UDP/10.0.0.1/5060' }));
    const steps = vi.spyOn(Agenda.prototype, 'take');
    translator.handle(event('FullyBooted', START + 1_000_000, {}));
    expect(steps.mock.calls.length).toBeLessThan(100);
    steps.mockRestore();
  });

  it('in one event marks nobody off line; the PBX’s clock does', () => {
    const translator = new Translator('lab');
    const hours = (n: number): number => START + n * 3_600_000_000;
    const contacts = [{ channelType: 'PJSIP' as const, endpoint: '909', uri: 'sip:909@10.0.0.1:5060', callId: 'a', userAgent: null, expiresAt: hours(1), status: 'Reachable', remote: null, description: null }];
    translator.handle({ kind: 'connected', at: START });
    translator.handle({ kind: 'contacts', channelType: 'PJSIP', complete: true, contacts, requestedAt: START + 1, at: START + 2, baseline: true });
    const lost = (input: PbxInput): boolean => translator.handle(input).some((output) => output.kind === 'account-state' && output.account.contacts.length === 0);
    expect(lost(event('FullyBooted', hours(48), {}))).toBe(false);
    expect(lost({ kind: 'tick', at: hours(0.1) })).toBe(false);
    expect(lost({ kind: 'tick', at: hours(1.1) })).toBe(false);
    expect(lost({ kind: 'tick', at: hours(1.4) })).toBe(true);
  });
});

describe('an input that translation cannot bear', () => {
  it('takes nothing along of what others had settled', () => {
    const translator = new Translator('lab');
    register(translator, 1, START);
    translator.handle(event('ContactStatus', START + 1_000_000, { URI: 'sip:u1@10.0.0.1:5060', ContactStatus: 'Removed', EndpointName: 'u1' }));
    const twin = new Translator('lab');
    twin.load(translator.save());
    const reason = 'a header that cannot be read';
    const broken = amiEvent('ContactStatus', START + 3_600_000_000, new Map());
    const get = (name: string): string => {
      if (name === 'Service') return '';
      throw new Error(reason);
    };
    const outputs = translator.handle({ kind: 'event', event: { ...broken, get } });
    const settled = twin.handle({ kind: 'tick', at: broken.at }).filter(({ kind }) => kind === 'sip-session');
    expect(settled).not.toEqual([]);
    expect(outputs.filter(({ kind }) => kind === 'sip-session')).toEqual(settled);
    expect(outputs.at(-1)).toMatchObject({ kind: 'untranslatable', event: 'ContactStatus', reason, headers: [] });
    // Their accounts are told with the next input.
    expect(translator.handle({ kind: 'tick', at: broken.at + 1 }).map(({ kind }) => kind)).toEqual(['account-state']);
  });
});

function brokenState(): string {
  const translator = new Translator('lab');
  register(translator, 1, START);
  return translator.save().replace(/"contact":0/g, '"contact":7');
}
