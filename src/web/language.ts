import type { Response } from 'express';
import { createInstance, type FormatterModule, type TFunction } from 'i18next';
import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../time.js';
import { ENGLISH } from './texts/english.js';
import { ITALIAN } from './texts/italian.js';
import { translateSaid } from './texts/said.js';

/** The languages of the console, in the order in which a reader chooses. */
export const LANGUAGE_CODES = ['en', 'it'] as const;
export type LanguageCode = (typeof LANGUAGE_CODES)[number];
/** What each calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<LanguageCode, string>> = { en: 'English', it: 'Italiano' };

/** How Intl writes numbers and dates in each. */
const LOCALES: Readonly<Record<LanguageCode, string>> = { en: 'en-GB', it: 'it-IT' };

/** What stands at the `{{places}}` of a text; numbers are written as the language writes them. */
type Values<Place extends string = string> = Readonly<Record<Place, string | number>>;
type PlacesOf<Text extends string> = Text extends `${string}{{${infer Place}}}${infer Rest}` ? Place | PlacesOf<Rest> : never;
// Of a text that stands in the code the compiler knows the places.
type ValuesOf<Text extends string> = string extends Text ? [values?: Values] : [PlacesOf<Text>] extends [never] ? [] : [values: Values<PlacesOf<Text>>];

/**
 * What a reader reads: texts, numbers and dates. The English text itself is the key of its translation, and what is
 * not translated is said in English. Nothing is escaped: that is for the templates.
 */
export interface Language {
  readonly code: LanguageCode;
  /** A text with values in its `{{places}}`; a value named `count` also chooses the plural. */
  readonly t: <Text extends string>(text: Text, ...values: ValuesOf<Text>) => string;
  /** A sentence that a part below the console said, finished and in English: an error, a state, a note in the database. */
  readonly said: (sentence: string) => string;
  /** `3,120` */
  readonly count: (value: number) => string;
  /** `1.5`, with so many digits after the point at most. */
  readonly decimal: (value: number, digits: number) => string;
  /** `76.2 %` of a ratio from 0 to 1; no line breaks inside it. */
  readonly percent: (ratio: number) => string;
  /** `1 min 4 s`, `2 d 3 h`, `0.25 s`: the two largest units. */
  readonly duration: (micros: Micros) => string;
  /** `Tue 24 Nov` of `2026-11-24`. */
  readonly shortDate: (date: string) => string;
  /** `a, b and c` */
  readonly list: (items: readonly string[]) => string;
}

const formatter: FormatterModule = {
  type: 'formatter',
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown, _format, code) => (typeof value === 'number' ? numberFormat(code === 'it' ? 'it' : 'en').format(value) : String(value)),
};

const texts = createInstance().use(formatter);
void texts.init({
  lng: 'en',
  fallbackLng: 'en',
  supportedLngs: [...LANGUAGE_CODES],
  initAsync: false,
  resources: { en: { translation: ENGLISH }, it: { translation: ITALIAN } },
  // The keys are sentences, with all the points and colons of sentences.
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false, alwaysFormat: true },
});

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(code: LanguageCode, leastDigits = 0, mostDigits = leastDigits): Intl.NumberFormat {
  const key = `${code} ${leastDigits} ${mostDigits}`;
  const format = numberFormats.get(key) ?? new Intl.NumberFormat(LOCALES[code], { minimumFractionDigits: leastDigits, maximumFractionDigits: mostDigits });
  numberFormats.set(key, format);
  return format;
}

/** More than there are texts; with values in them there is no end. */
const MOST_FINISHED = 5_000;

function languageIn(code: LanguageCode): Language {
  const translate: TFunction = texts.getFixedT(code);
  const withValues = (text: string, values?: Values): string =>
    values === undefined ? translate(text) : translate(text, { replace: values, ...(typeof values['count'] === 'number' ? { count: values['count'] } : {}) });
  // i18next looks each text up anew, and a page has hundreds.
  const finished = new Map<string, string>();
  const t: Language['t'] = (text, ...values) => {
    const key = values[0] === undefined ? text : `${text}\n${JSON.stringify(values[0])}`;
    const known = finished.get(key);
    if (known !== undefined) return known;
    const said = withValues(text, values[0]);
    if (finished.size >= MOST_FINISHED) finished.clear();
    finished.set(key, said);
    return said;
  };
  const listFormat = new Intl.ListFormat(LOCALES[code], { type: 'conjunction' });
  const dateFormat = new Intl.DateTimeFormat(LOCALES[code], { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
  return {
    code,
    t,
    said: code === 'en' ? (sentence) => sentence : (sentence) => translateSaid(sentence, withValues),
    count: (value) => numberFormat(code).format(value),
    decimal: (value, digits) => numberFormat(code, 0, digits).format(value),
    percent: (ratio) => `${numberFormat(code, 1).format(ratio * 100)}\u00a0%`,
    duration: (micros) => durationText(micros, code, t('d')),
    shortDate: (date) => dateFormat.format(new Date(`${date}T00:00:00Z`)).replace(',', ''),
    list: (items) => listFormat.format(items),
  };
}

// Hours, minutes and seconds are written as the SI writes them, which no language changes.
const UNITS = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']] as const;

function durationText(micros: Micros, code: LanguageCode, day: string): string {
  const seconds = Math.round(micros / MICROS_PER_SECOND);
  if (seconds < 1) return `${numberFormat(code, 0, 3).format(Math.max(1, Math.round(micros / MICROS_PER_MS)) / 1_000)} s`;
  const first = UNITS.findIndex(([size]) => seconds >= size);
  let left = seconds;
  const parts = UNITS.slice(first, first + 2).flatMap(([size, name]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count} ${name === 'd' ? day : name}`];
  });
  return parts.join(' ');
}

const LANGUAGES: Readonly<Record<LanguageCode, Language>> = { en: languageIn('en'), it: languageIn('it') };

export const english: Language = LANGUAGES.en;
export const italian: Language = LANGUAGES.it;

export const isLanguage = (code: string): code is LanguageCode => LANGUAGE_CODES.some((known) => known === code);

/** The language of whoever is answered: what the user chose, else what the browser asks for. */
export function languageOf(response: Response): Language {
  const chosen = response.locals.user?.language ?? response.req.acceptsLanguages(...LANGUAGE_CODES);
  return typeof chosen === 'string' && isLanguage(chosen) ? LANGUAGES[chosen] : english;
}
