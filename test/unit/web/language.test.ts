import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors.js';
import { failureOf, TooManyFailuresError } from '../../../src/web/failure.js';
import { english, italian, type Language } from '../../../src/web/language.js';

const MICROS_PER_DAY = 86_400_000_000;

describe('a language', () => {
  it('says what has no translation in English, one as one', () => {
    const unknown = 'Nobody translated this: {{a}}. {{b}}' as string;
    expect(italian.t(unknown, { a: 'x', b: 2_000_000 })).toBe('Nobody translated this: x. 2.000.000');
    expect([0, 1, 2].map((count) => english.t('{{count}} events were left out', { count }))).toEqual(['0 events were left out', '1 event was left out', '2 events were left out']);
  });

  it('leaves values as they are, whatever they look like', () => {
    for (const value of ['{{pbx}}', '$t(Sign in)', '$&', '<b>', 'a.b:c', '__proto__', 'é, {{- x}}']) {
      expect(english.t('Not listening to {{pbx}}', { pbx: value })).toBe(`Not listening to ${value}`);
      expect(italian.t('Not listening to {{pbx}}', { pbx: value })).toBe(`Nessun ascolto di ${value}`);
    }
  });

  it('writes numbers, ratios and dates as its readers do', () => {
    const all = ({ count, decimal, percent, duration, shortDate, list }: Language): string[] => [
      count(12_345), decimal(1.25, 2), percent(0.7624), duration(2 * MICROS_PER_DAY + 3_600_000_000), duration(250_000), shortDate('2026-11-24'), list(['a', 'b', 'c']),
    ];
    expect(all(english)).toEqual(['12,345', '1.25', '76.2\u00a0%', '2 d 1 h', '0.25 s', 'Tue 24 Nov', 'a, b and c']);
    expect(all(italian)).toEqual(['12.345', '1,25', '76,2\u00a0%', '2 g 1 h', '0,25 s', 'mar 24 nov', 'a, b e c']);
  });
});

describe('a text that was said before', () => {
  it('is not said for other values', () => {
    const said = (values: { readonly number: string; readonly count: number }): string => english.t('{{count}} rows of {{number}}' as string, values);
    expect([said({ number: '1\n2', count: 3 }), said({ count: 3, number: '1' }), said({ number: '3', count: 1 }), said({ number: '1', count: 3 })]).toEqual(['3 rows of 1\n2', '3 rows of 1', '1 rows of 3', '3 rows of 1']);
    expect(italian.t('{{count}} rows', { count: 5 })).not.toBe(english.t('{{count}} rows', { count: 5 }));
  });
});

describe('what other parts say', () => {
  it('is said in Italian by its pattern, with what stands in it', () => {
    const { message } = failureOf(new InvalidInputError('limit', 'must be a whole number from 1 to 1000'));
    expect(italian.said(message)).toBe('limit deve essere un numero intero da 1 a 1000.');
    expect(italian.said(failureOf(new TooManyFailuresError(60)).message)).toBe('Troppi accessi falliti. Riprova tra 1 minuto.');
    expect(english.said(message)).toBe(message);
    const full = 'is full, 2048 of 2048 MB (SPOOL_MAX_MB); events of little value are left out, calls are kept; 12 events of little value were left out since the start';
    expect(italian.said(full)).toBe(
      'è pieno, 2048 di 2048 MB (SPOOL_MAX_MB); gli eventi di poco valore sono tralasciati, le chiamate conservate; 12 eventi di poco valore tralasciati dall’avvio',
    );
  });

  it('stays as it is where nobody knows it', () => {
    expect(italian.said('ECONNREFUSED 10.0.0.1:5038')).toBe('ECONNREFUSED 10.0.0.1:5038');
    expect(italian.said('')).toBe('');
  });
});
