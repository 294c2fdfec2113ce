import { describe, expect, it } from 'vitest';
import { QUARTER } from '../../../src/logs/statistics/calls.js';
import { parseIso, toIso, type Micros } from '../../../src/time.js';
import { hourOf, hoursBetween } from '../../../src/web/hours.js';
import { english } from '../../../src/web/language.js';
import { hourLabels } from '../../../src/web/overview-hours.js';
import { overviewRange } from '../../../src/web/overview.js';
import { readerZone } from '../../../src/web/zone.js';

const at = (iso: string): Micros => parseIso(iso) ?? NaN;
const short = (instant: Micros): string => toIso(instant).slice(5, 16);

/** The hours of a zone between two instants, as `from–to` in UTC and as they are called. */
function called(zoneName: string, from: string, to: string): string[] {
  const zone = readerZone(zoneName);
  const hours = hoursBetween(at(from), at(to), zone);
  return hourLabels(hours, zone, 'hours', english).map(({ date, clock }, index) => `${short(hours[index]?.from ?? NaN)} ${date} ${clock}`);
}

describe('the hours of a wall clock', () => {
  it('are those of UTC where the offset is whole hours', () => {
    expect(called('Europe/Rome', '2026-05-10T10:20:00Z', '2026-05-10T12:00:00Z')).toEqual(['05-10T10:00 Sun 10 May 12:00–13:00', '05-10T11:00 Sun 10 May 13:00–14:00']);
  });

  it('begin at a quarter where the offset is one', () => {
    expect(called('Asia/Kathmandu', '2026-05-10T00:20:00Z', '2026-05-10T01:15:00Z')).toEqual(['05-10T00:15 Sun 10 May 06:00–07:00']);
  });

  it('leave out the one that the clocks skip', () => {
    expect(called('Europe/Rome', '2026-03-29T00:00:00Z', '2026-03-29T02:00:00Z')).toEqual(['03-29T00:00 Sun 29 Mar 01:00–02:00', '03-29T01:00 Sun 29 Mar 03:00–04:00']);
  });

  it('are two where the clocks go back, told apart by their offsets', () => {
    expect(called('Europe/Rome', '2026-10-24T23:00:00Z', '2026-10-25T03:00:00Z')).toEqual([
      '10-24T23:00 Sun 25 Oct 01:00–02:00',
      '10-25T00:00 Sun 25 Oct 02:00–03:00 UTC+02:00',
      '10-25T01:00 Sun 25 Oct 02:00–03:00 UTC+01:00',
      '10-25T02:00 Sun 25 Oct 03:00–04:00',
    ]);
  });

  it('are shorter where the clocks move by half an hour', () => {
    // Lord Howe goes forward from 02:00 to 02:30, and back from 02:00 to 01:30.
    expect(called('Australia/Lord_Howe', '2026-10-03T14:30:00Z', '2026-10-03T17:00:00Z')).toEqual([
      '10-03T14:30 Sun 4 Oct 01:00–02:00',
      '10-03T15:30 Sun 4 Oct 02:30–03:00',
      '10-03T16:00 Sun 4 Oct 03:00–04:00',
    ]);
    expect(called('Australia/Lord_Howe', '2026-04-04T14:00:00Z', '2026-04-04T16:30:00Z')).toEqual([
      '04-04T14:00 Sun 5 Apr 01:00–02:00',
      '04-04T15:00 Sun 5 Apr 01:30–02:00',
      '04-04T15:30 Sun 5 Apr 02:00–03:00',
    ]);
  });

  it.each(['Europe/Rome', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Chatham', 'UTC'])('cover a year of %s without a hole, each shorter than or as long as an hour', (name) => {
    const zone = readerZone(name);
    const hours = hoursBetween(at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'), zone);
    const wrong = hours.filter((hour, index) => {
      const whole = hourOf(hour.to - 1, zone);
      const oneClockHour = zone.local(hour.to - 1).clock.slice(0, 2) === zone.local(hour.from).clock.slice(0, 2);
      const follows = index === 0 || hours[index - 1]?.to === hour.from;
      return !follows || !oneClockHour || hour.to - hour.from > 4 * QUARTER || whole.from !== hour.from || whole.to !== hour.to;
    });
    expect(wrong).toEqual([]);
    expect(hours.length).toBeGreaterThanOrEqual(365 * 24);
  });

  it('have a word under the chart at every third hour, or at each new day', () => {
    const zone = readerZone('Europe/Rome');
    const hours = hoursBetween(at('2026-05-10T18:00:00Z'), at('2026-05-11T02:00:00Z'), zone);
    expect(hourLabels(hours, zone, 'hours', english).map(({ tick }) => tick)).toEqual(['', '21:00', '', '', 'Mon 11 May', '', '', '03:00']);
    expect(hourLabels(hours, zone, 'days', english).map(({ tick }) => tick)).toEqual(['', '', '', '', 'Mon 11 May', '', '', '']);
  });
});

describe('the range of the overview', () => {
  const rome = readerZone('Europe/Rome');

  it('goes from the full hour a day ago to the end of the hour that runs', () => {
    const { from, to } = overviewRange('24h', at('2026-05-10T10:20:31Z'), rome);
    expect([toIso(from), toIso(to)]).toEqual(['2026-05-09T10:00:00.000Z', '2026-05-10T11:00:00.000Z']);
    expect(hoursBetween(from, to, rome)).toHaveLength(25);
  });

  it('has as many hours across a change of the clocks', () => {
    for (const now of ['2026-03-29T12:00:00Z', '2026-10-25T12:00:00Z', '2026-05-10T12:00:00Z']) {
      const { from, to } = overviewRange('7d', at(now), rome);
      expect(hoursBetween(from, to, rome)).toHaveLength(169);
    }
  });
});
