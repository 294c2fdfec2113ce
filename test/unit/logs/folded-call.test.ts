import { describe, expect, it } from 'vitest';
import { callKey, foldCalls, type FoldedCall } from '../../../src/logs/cdr/folded-call.js';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { BEGIN, leg, recorded, type Recorded } from './recorded-calls.js';

const second = (n: number): number => BEGIN + n * MICROS_PER_SECOND;

/** What finance reads of a call. */
const brief = ({ from, to, answeredBy, disposition, duration, billsec, talk, legs }: FoldedCall): unknown[] => [
  from, to, answeredBy, disposition, duration, billsec, talk, legs.length,
];

describe('a call as a real Asterisk tells it is one', () => {
  it.each<[Recorded, unknown[]]>([
    // from, to, answeredBy, disposition, duration, billsec, talk, legs
    ['plain', ['909', '904', '904', 'ANSWERED', 1, 1, 1, 1]],
    ['plain, nobody', ['909', '904', null, 'NO_ANSWER', 6, 0, 0, 1]],
    ['ring group', ['909', '610', '908', 'ANSWERED', 2, 2, 2, 3]],
    ['ring group, nobody', ['909', '610', null, 'NO_ANSWER', 20, 0, 0, 3]],
    ['ring group of Local channels', ['909', '611', '908', 'ANSWERED', 2, 2, 2, 4]],
    ['queue', ['909', '620', '908', 'ANSWERED', 6, 6, 1, 2]],
    ['queue without Answer', ['909', '621', '908', 'ANSWERED', 10, 6, 6, 2]],
    ['queue, nobody', ['909', '620', null, 'NO_ANSWER', 12, 12, 0, 4]],
    ['queue of Local channels', ['909', '622', '908', 'ANSWERED', 6, 6, 5, 4]],
    ['queue without members', ['909', '623', null, 'NO_ANSWER', 3, 3, 0, 1]],
    ['announcement', ['909', '630', '904', 'ANSWERED', 5, 5, 5, 1]],
    ['announcement, nobody', ['909', '630', null, 'NO_ANSWER', 6, 6, 0, 2]],
    ['voicemail', ['909', '640', null, 'NO_ANSWER', 2, 0, 0, 2]],
    ['second choice', ['909', '641', '908', 'ANSWERED', 7, 5, 5, 2]],
    ['Local channel', ['909', '612', '904', 'ANSWERED', 3, 3, 3, 2]],
    ['ForkCDR', ['909', '660', '904', 'ANSWERED', 4, 4, 4, 2]],
    ['ForkCDR, ended', ['909', '661', '904', 'ANSWERED', 4, 4, 2, 2]],
    ['blind transfer', ['909', '908', '904', 'ANSWERED', 9, 9, 8, 2]],
    ['blind transfer, nobody', ['909', '904', '904', 'ANSWERED', 8, 8, 2, 2]],
    ['click to call', ['904', '908', '908', 'ANSWERED', 4, 3, 3, 1]],
    ['click to call through Local', ['904', '908', '904', 'ANSWERED', 4, 3, 3, 2]],
    ['pickup', ['909', '904', '910', 'ANSWERED', 6, 5, 5, 3]],
  ])('%s', (name, expected) => {
    const calls = foldCalls(recorded(name));
    expect(calls.map(brief)).toEqual([expected]);
    expect(calls[0]?.begin).toBe(BEGIN);
  });

  it('attended transfer: the consultation, which Asterisk never links, stays a call of its own', () => {
    const calls = foldCalls(recorded('attended transfer'));
    expect(calls.map(brief)).toEqual([
      ['904', '908', '908', 'ANSWERED', 2, 2, 2, 1],
      // Both ends tell of the last four seconds; they count once.
      ['909', '904', '904', 'ANSWERED', 8, 8, 8, 3],
    ]);
  });

  it('no call loses or gains a leg, whatever the order and the company', () => {
    const names: Recorded[] = ['ring group', 'queue, nobody', 'blind transfer', 'queue of Local channels'];
    const legs = names.flatMap((name, i) => recorded(name, second(i * 60), i * 10 + 1));
    const shuffled = [...legs].sort((a, b) => (a.id * 7) % 31 - ((b.id * 7) % 31));
    const calls = foldCalls(shuffled);
    expect(calls).toEqual(foldCalls(legs));
    expect(calls.map(({ begin }) => begin)).toEqual([180, 120, 60, 0].map(second));
    expect(calls.flatMap((call) => call.legs.map(({ id }) => id)).sort((a, b) => a - b)).toEqual(legs.map(({ id }) => id));
  });
});

describe('legs are one call', () => {
  const keys = (...legs: Parameters<typeof callKey>[0][]): number => new Set(legs.map(callKey)).size;

  it('by linkedid, where it is empty by uniqueid, and only on one PBX', () => {
    expect(keys(leg(1, { linkedid: 'L', uniqueid: 'L' }), leg(2, { linkedid: 'L', uniqueid: 'U' }))).toBe(1);
    expect(keys(leg(1, { linkedid: 'L', uniqueid: 'L' }), leg(2, { linkedid: '', uniqueid: 'L' }))).toBe(1);
    expect(keys(leg(1, { linkedid: 'L' }), leg(2, { linkedid: 'L', pbx: 'pbx-rome' }))).toBe(2);
    expect(keys(leg(1, { linkedid: '', uniqueid: '' }), leg(2, { linkedid: '', uniqueid: '' }))).toBe(2);
    // An id is a number, and a uniqueid that looks like one is text.
    expect(keys(leg(7, { linkedid: '', uniqueid: '' }), leg(8, { linkedid: '7', uniqueid: '' }))).toBe(2);
  });
});

describe('the whole of a call', () => {
  const one = (...legs: Parameters<typeof foldCalls>[0][number][]): FoldedCall => {
    const [call, ...others] = foldCalls(legs.map((each) => ({ ...each, linkedid: 'L' })));
    expect(others).toEqual([]);
    if (!call) throw new Error('no call');
    return call;
  };
  const unanswered = { answerDate: null, billsec: 0, dstchannel: 'PJSIP/x-1' };

  it.each([
    [['NO_ANSWER', 'BUSY', 'FAILED'], 'NO_ANSWER'],
    [['BUSY', 'FAILED'], 'BUSY'],
    [['FAILED', 'UNKNOWN'], 'FAILED'],
    [['UNKNOWN'], 'UNKNOWN'],
  ])('of %j, which nobody took, is %s', (dispositions, whole) => {
    expect(one(...dispositions.map((disposition, i) => leg(i, { ...unanswered, disposition }))).disposition).toBe(whole);
  });

  it('is answered by the PBX where no party was sought', () => {
    const echo = one(leg(1, { dstchannel: '', lastapp: 'Echo' }));
    expect([echo.disposition, echo.answer, echo.answeredBy, echo.billsec, echo.talk]).toEqual(['ANSWERED', second(2), null, 8, 0]);
  });

  it('is not answered by Dial to a phone that is not there, although the line was up', () => {
    expect(one(leg(1, { dstchannel: '', lastapp: 'Dial' }))).toMatchObject({ disposition: 'NO_ANSWER', answer: null, billsec: 8 });
  });

  it('is not answered by the voicemail behind a Local channel', () => {
    const call = one(
      leg(1, { dstchannel: 'Local/904@x-00000001;1' }),
      leg(2, { channel: 'Local/904@x-00000001;2', ...unanswered, disposition: 'NO_ANSWER' }),
      leg(3, { channel: 'Local/904@x-00000001;2', dstchannel: '', lastapp: 'VoiceMail' }),
    );
    expect(call).toMatchObject({ disposition: 'NO_ANSWER', answeredBy: null, billsec: 8, talk: 0 });
  });

  it('names who took it: a phone, a Local channel whose other half told nothing, a trunk with dashes', () => {
    expect(one(leg(1, { dstchannel: 'Local/904@from-queue-0000000a;1' })).answeredBy).toBe('904');
    expect(one(leg(1, { dstchannel: 'PJSIP/trunk-milano-0000001a' })).answeredBy).toBe('trunk-milano');
    expect(one(leg(1, { dstchannel: 'DAHDI/i1/0612345678-1f' })).answeredBy).toBe('i1/0612345678');
  });

  it('keeps the figures of a single leg, also where its times are whole seconds', () => {
    const call = one(leg(1, { callDate: second(0), answerDate: second(1), endDate: second(9), duration: 10, billsec: 7 }));
    expect([call.duration, call.billsec, call.talk]).toEqual([10, 7, 7]);
  });

  it('places what times are missing', () => {
    const call = one(leg(1, { answerDate: null, endDate: null }), leg(2, { callDate: second(4), answerDate: null, endDate: null, duration: 12, billsec: 9 }));
    expect([call.end, call.answer, call.duration, call.billsec]).toEqual([second(16), second(2), 16, 14]);
  });

  it('comes from the channel that gave it its linkedid, though another leg began in the same microsecond', () => {
    const call = one(leg(1, { src: '700', uniqueid: 'U' }), leg(2, { src: '909', uniqueid: 'L', accountcode: 'sales' }));
    expect([call.from, call.accountcode, call.id]).toEqual(['909', 'sales', 1]);
  });

  it('takes a call of thousands of legs, as one agent logged in all day makes', () => {
    const legs = Array.from({ length: 50_000 }, (_, i) => leg(i, { callDate: second(i), answerDate: second(i), endDate: second(i + 1), billsec: 1, dstchannel: `Local/1@x-${i};1` }));
    expect(one(...legs)).toMatchObject({ billsec: 50_000, duration: 50_000 });
  });
});
