import { describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxZone } from '../../../src/ami/input.js';
import { dispositionOf, translateCdr } from '../../../src/logs/cdr/translate.js';
import { instantsOfLocal } from '../../../src/logs/cdr/zone.js';
import type { NewCdr } from '../../../src/logs/output.js';
import { parseIso, toIso, type Micros } from '../../../src/time.js';

const instant = (iso: string): Micros => parseIso(iso) ?? Number.NaN;

/** Rome: +1 in winter, +2 in summer; in 2026 the clocks change on 29 March and 25 October, at 01:00 UTC. */
const ROME: PbxZone = {
  spans: [
    { from: 0, offsetSeconds: 3_600 },
    { from: instant('2026-03-29T01:00:00Z'), offsetSeconds: 7_200 },
    { from: instant('2026-10-25T01:00:00Z'), offsetSeconds: 3_600 },
  ],
};

const FIELDS: Readonly<Record<string, string>> = {
  AccountCode: '',
  Source: '904',
  Destination: '908',
  DestinationContext: 'lab',
  CallerID: '"Zoë Çelik" <904>',
  Channel: 'PJSIP/904-00000003',
  DestinationChannel: 'PJSIP/908-00000004',
  LastApplication: 'Dial',
  LastData: 'PJSIP/908,5',
  StartTime: '2026-05-10 19:12:24',
  AnswerTime: '2026-05-10 19:12:26',
  EndTime: '2026-05-10 19:13:00',
  Duration: '36',
  BillableSeconds: '34',
  Disposition: 'ANSWERED',
  AMAFlags: 'DOCUMENTATION',
  UniqueID: `${instant('2026-05-10T17:12:24Z') / 1e6}.4`,
  UserField: '',
};

function translate(fields: Readonly<Record<string, string>>, zone: PbxZone | null = ROME, receivedAt = '2026-05-10T17:13:00Z'): NewCdr {
  const headers = new Map(Object.entries({ ...FIELDS, ...fields }).map(([name, value]) => [name.toLowerCase(), value]));
  return translateCdr('lab', amiEvent('Cdr', instant(receivedAt), headers), zone);
}

const times = (row: NewCdr): (string | null)[] => [row.callDate, row.answerDate, row.endDate].map((at) => (at === null ? null : toIso(at, 'us')));

describe('translateCdr', () => {
  it('takes the epoch mappings to the microsecond', () => {
    const row = translate({ StartEpoch: '1795369894.437993', AnswerEpoch: '0.000000', EndEpoch: '1795369894.439561' });
    expect(times(row)).toEqual(['2026-11-22T17:51:34.437993Z', null, '2026-11-22T17:51:34.439561Z']);
  });

  it('places local times with the offset that the PBX gave', () => {
    expect(times(translate({}))).toEqual(['2026-05-10T17:12:24.000000Z', '2026-05-10T17:12:26.000000Z', '2026-05-10T17:13:00.000000Z']);
  });

  it.each([
    ['with the zone', ROME],
    ['without it', null],
  ])('is right across the end of daylight saving, %s', (_, zone) => {
    // 02:59:50 summer time is 00:59:50 UTC; a minute later the same wall clock shows 02:00:50 winter time.
    const row = translate(
      {
        StartTime: '2026-10-25 02:59:50',
        AnswerTime: '2026-10-25 02:59:55',
        EndTime: '2026-10-25 02:00:50',
        Duration: '60',
        BillableSeconds: '55',
        UniqueID: `${instant('2026-10-25T00:59:50Z') / 1e6}.9`,
      },
      zone,
      '2026-10-25T01:00:50Z',
    );
    expect(times(row)).toEqual(['2026-10-25T00:59:50.000000Z', '2026-10-25T00:59:55.000000Z', '2026-10-25T01:00:50.000000Z']);
  });

  it.each(['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'])('tells the two 02:30 of one night apart: %s', (start) => {
    const fields = { StartTime: '2026-10-25 02:30:00', AnswerTime: '', EndTime: '2026-10-25 02:30:05', Duration: '5', UniqueID: `${instant(start) / 1e6}.9` };
    const end = toIso(instant(start) + 5e6);
    expect(times(translate(fields, ROME, end))[0]).toBe(toIso(instant(start), 'us'));
    expect(times(translate(fields, null, end))[0]).toBe(toIso(instant(start), 'us'));
  });

  it('does without the zone also for a leg that starts long after its channel', () => {
    const row = translate({ UniqueID: `${instant('2026-05-10T15:00:00Z') / 1e6}.4` }, null);
    expect(times(row)[0]).toBe('2026-05-10T17:12:24.000000Z');
  });

  it('keeps any text unharmed, and every field that has no column', () => {
    const row = translate({ UserField: '";\\\'\u{1F4DE} ünï', AccountCode: '=1+1', MyField: 'x', Other: '' });
    expect(row).toMatchObject({ userfield: '";\\\'\u{1F4DE} ünï', accountcode: '=1+1', callerId: '"Zoë Çelik" <904>' });
    expect(JSON.parse(row.extra ?? '')).toEqual({ myfield: 'x', other: '' });
  });

  it('gives one key to the same event, and another to a second leg of the same call', () => {
    expect(translate({ Sequence: '7' }).key).toBe(translate({ Sequence: '7' }).key);
    expect(translate({ Sequence: '7' }).key).not.toBe(translate({ Sequence: '8' }).key);
    expect(translate({}).key).not.toBe(translate({ DestinationChannel: 'PJSIP/908-00000005' }).key);
  });

  it('never leaves a call out: what cannot be read is kept as it was said', () => {
    const row = translate({ StartTime: 'yesterday', UniqueID: 'x', Duration: '-2', BillableSeconds: 'long' });
    expect(row).toMatchObject({ callDate: instant('2026-05-10T17:13:00Z'), answerDate: null, duration: 0, billsec: 0 });
    expect(JSON.parse(row.extra ?? '')).toEqual({ 'unplaced starttime': 'yesterday', 'unread duration': '-2', 'unread billableseconds': 'long' });
    expect(times(translate({ StartTime: '' }))[0]).toBe('2026-05-10T17:12:24.000000Z');
  });
});

describe('dispositionOf', () => {
  it.each([
    ['ANSWERED', 'ANSWERED'],
    ['NO ANSWER', 'NO_ANSWER'],
    ['CANCEL', 'NO_ANSWER'],
    ['BUSY', 'BUSY'],
    ['FAILED', 'FAILED'],
    ['CONGESTION', 'FAILED'],
    ['SOMETHING NEW', 'UNKNOWN'],
  ])('%s is %s', (word, disposition) => {
    expect(dispositionOf(word)).toBe(disposition);
  });
});

describe('instantsOfLocal', () => {
  it('finds none in the hour that spring skips and two in the hour that autumn repeats', () => {
    expect(instantsOfLocal(ROME, instant('2026-03-29T02:30:00Z'))).toEqual([]);
    expect(instantsOfLocal(ROME, instant('2026-10-25T02:30:00Z')).map((at) => toIso(at))).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']);
  });
});
