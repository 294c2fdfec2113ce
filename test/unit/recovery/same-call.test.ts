import { describe, expect, it } from 'vitest';
import { matchCalls, type CallIdentity, type ToldCall } from '../../../src/logs/cdr/same-call.js';

const CALL: CallIdentity = {
  src: '904', dst: '909', channel: 'PJSIP/904-00000001', dstchannel: 'PJSIP/909-00000002', dcontext: 'lab', lastapp: 'Dial', lastdata: 'PJSIP/909,5',
  disposition: 'ANSWERED', duration: 5, billsec: 3, uniqueid: '1795369894.1', sequence: null, userfield: '', accountcode: '',
};
const told = (start: number, fields: Partial<CallIdentity> = {}): ToldCall => ({ call: { ...CALL, ...fields }, starts: [start * 1e6] });
const pairs = (a: readonly ToldCall[], b: readonly ToldCall[], limits = {}): [number, number][] => [...matchCalls(a, b, limits)].sort(([x], [y]) => x - y);

describe('matchCalls', () => {
  it('knows one call though one account is cut to seconds, rounded, or lacks the unique id', () => {
    expect(pairs([told(100)], [told(100.99)])).toEqual([[0, 0]]);
    expect(pairs([told(101, { duration: 6 })], [told(100.6)])).toEqual([[0, 0]]);
    expect(pairs([told(100, { uniqueid: '' })], [told(100.5)])).toEqual([[0, 0]]);
    expect(pairs([told(102)], [told(100.9)])).toEqual([]);
  });

  it('keeps legs apart that share a unique id', () => {
    const [first, second] = [told(100), told(100, { dstchannel: 'PJSIP/908-00000003', disposition: 'NO_ANSWER', billsec: 0 })];
    expect(pairs([second], [first])).toEqual([]);
    expect(pairs([second, first], [first, second])).toEqual([[0, 1], [1, 0]]);
  });

  it('uses each row once: two that look alike stay two', () => {
    expect(pairs([told(100), told(100)], [told(100.2)])).toEqual([[0, 0]]);
    expect(pairs([told(100), told(100)], [told(100.2), told(100.4)])).toHaveLength(2);
    expect(pairs([told(100)], [told(100, { sequence: '7' })])).toHaveLength(1);
    expect(pairs([told(100, { sequence: '8' })], [told(100, { sequence: '7' })])).toEqual([]);
  });

  it('finds as many pairs as there are, also where the best fit is in the way', () => {
    // 11 fits both rows, and best the one that 12 needs.
    expect(pairs([told(11), told(12)], [told(10.9), told(11.2)])).toEqual([[0, 0], [1, 1]]);
  });

  it('takes what a table has cut or could not write', () => {
    const long = `PJSIP/${'x'.repeat(100)}-00000001`;
    expect(pairs([told(1, { channel: long.slice(0, 80) })], [told(1, { channel: long })], { channel: 80 })).toHaveLength(1);
    expect(pairs([told(1, { channel: long.slice(0, 80) })], [told(1, { channel: long })])).toHaveLength(0);
    expect(pairs([told(1, { src: 'J?rg' })], [told(1, { src: 'Jörg' })])).toHaveLength(1);
  });

  it('tries both hours of an ambiguous start', () => {
    expect(pairs([{ call: CALL, starts: [100e6, 3_700e6] }], [told(3_700.3)])).toEqual([[0, 0]]);
  });
});
