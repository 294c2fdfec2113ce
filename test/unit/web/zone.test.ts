import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors.js';
import { parseIso, toIso, type Micros } from '../../../src/time.js';
import { hasZone, offsetName, readerZone } from '../../../src/web/zone.js';

const at = (iso: string): Micros => parseIso(iso) ?? NaN;

describe('readerZone', () => {
  const rome = readerZone('Europe/Rome');

  it.each([
    ['2026-05-10T15:12:24.882123Z', '2026-05-10 17:12:24.882123'],
    // Clocks go forward at 01:00 UTC on 29 March 2026 …
    ['2026-03-29T00:59:59.999999Z', '2026-03-29 01:59:59.999999'],
    ['2026-03-29T01:00:00.000000Z', '2026-03-29 03:00:00.000000'],
    // … and back on 25 October: half past two comes twice.
    ['2026-10-25T00:30:00.000000Z', '2026-10-25 02:30:00.000000'],
    ['2026-10-25T01:30:00.000000Z', '2026-10-25 02:30:00.000000'],
    ['2026-12-31T23:30:00.000000Z', '2027-01-01 00:30:00.000000'],
  ])('shows %s in Rome as %s', (iso, shown) => {
    const { date, clock, fraction } = rome.local(at(iso));
    expect(`${date} ${clock}.${fraction}`).toBe(shown);
  });

  it.each([
    ['Asia/Kathmandu', '2026-05-10T00:00:00Z', '2026-05-10 05:45:00'],
    ['America/St_Johns', '2026-05-10T00:00:00Z', '2026-05-09 21:30:00'],
    // Lord Howe moves by half an hour, at 15:30 UTC.
    ['Australia/Lord_Howe', '2026-10-03T15:29:59Z', '2026-10-04 01:59:59'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', '2026-10-04 02:30:00'],
    ['UTC', '1969-12-31T23:59:59Z', '1969-12-31 23:59:59'],
  ])('knows %s at %s', (name, iso, shown) => {
    const { date, clock } = readerZone(name).local(at(iso));
    expect(`${date} ${clock}`).toBe(shown);
  });

  it('agrees with Intl at every quarter of an hour of a year', () => {
    const zone = readerZone('America/New_York');
    const intl = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' });
    for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 900_000) {
      const { date, clock } = zone.local(ms * 1_000);
      if (`${date} ${clock}` !== intl.format(ms)) expect(`${date} ${clock}`).toBe(intl.format(ms));
    }
  });

  it.each([
    ['2026-05-10T17:12', '2026-05-10T15:12:00.000Z'],
    ['2026-05-10', '2026-05-09T22:00:00.000Z'],
    ['2026-01-10T17:12:30.5', '2026-01-10T16:12:30.500Z'],
    // Skipped by the clocks: as much later. Comes twice: the first.
    ['2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
  ])('reads %s on the wall clock of Rome as %s', (text, iso) => {
    expect(toIso(rome.parse(text) ?? NaN)).toBe(iso);
  });

  it('reads nothing out of what is no time', () => {
    for (const text of ['yesterday', '2026-02-30T10:00', '25:00']) expect(rome.parse(text)).toBeNull();
  });

  it('names tz for what is no zone', () => {
    expect(() => readerZone('Mars/Olympus')).toThrow(InvalidInputError);
    expect(() => readerZone('')).toThrow('tz: must be a time zone');
  });

  it('tells a text that names its zone', () => {
    expect(['2026-05-10T17:12Z', '2026-05-10 17:12+02:00', '2026-05-10T17:12:00-0530'].every(hasZone)).toBe(true);
    expect(['2026-05-10', '2026-05-10T17:12', '2026-05-10T17:12:24.882'].some(hasZone)).toBe(false);
  });

  it('names offsets', () => {
    expect([0, 120, -210].map(offsetName)).toEqual(['UTC+00:00', 'UTC+02:00', 'UTC-03:30']);
  });
});
