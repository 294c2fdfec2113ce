import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CALL_COLUMNS, calls } from '../../../src/logs/cdr/call-columns.js';
import type { LogDefinition } from '../../../src/logs/columns.js';
import { ALL_LOGS } from '../../../src/web/menu.js';
import { ENGLISH } from '../../../src/web/texts/english.js';
import { ITALIAN } from '../../../src/web/texts/italian.js';
import { SAID } from '../../../src/web/texts/italian/said.js';

const WEB = join(import.meta.dirname, '../../../src/web');
const SOURCE = join(WEB, '..');
const FILES = readdirSync(WEB, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|eta)$/.test(name) && !name.startsWith('texts/'));

/** The texts that code and templates hand to `t` or `mark`, with where they stand. */
function textsUsed(): Map<string, string> {
  const used = new Map<string, string>();
  for (const name of FILES) {
    const source = readFileSync(join(WEB, name), 'utf8');
    for (const [, quote = '', text = ''] of source.matchAll(/\b(?:t|mark)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)) {
      expect(quote === '`' && text.includes('${'), `${name}: ${text} is put together, so nobody can translate it`).toBe(false);
      used.set(text.replaceAll(/\\(.)/g, '$1'), name);
    }
  }
  return used;
}

const textsOf = ({ title, about }: { readonly title: string; readonly about?: string | undefined }): string[] => [title, ...(about === undefined ? [] : [about])];
const textsOfLogs = (logs: readonly LogDefinition[]): string[] => logs.flatMap((log) => [...textsOf(log), ...Object.values(log.columns).flatMap(textsOf)]);

const places = (text: string): string[] => [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([place]) => place))].sort();
const isOne = (key: string): boolean => key.endsWith('_one');

describe('the Italian texts', () => {
  const used = textsUsed();
  const ofLogs = new Set([...textsOfLogs([...ALL_LOGS, calls]), ...Object.values(CALL_COLUMNS).flatMap(textsOf)]);
  const keys = Object.keys(ITALIAN);

  it('are there for every text of the pages and of the logs', () => {
    expect(used.size).toBeGreaterThan(50);
    const missing = [...used].filter(([text]) => !(text in ITALIAN)).map(([text, name]) => `${name}: ${text}`);
    expect([...missing, ...[...ofLogs].filter((text) => !(text in ITALIAN))]).toEqual([]);
  });

  it('are all used', () => {
    expect(keys.filter((key) => !isOne(key) && !used.has(key) && !ofLogs.has(key) && !(key in SAID))).toEqual([]);
    expect(keys.filter((key) => isOne(key) && !(key.replace(/_one$/, '') in ITALIAN))).toEqual([]);
  });

  it('know what other parts say by words that these do say', () => {
    const source = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('web/texts/'))
      .map((name) => readFileSync(join(SOURCE, name), 'utf8').replaceAll("\\'", "'"))
      .join('\n');
    // One and many, and what is put before or after, are written apart.
    const words = (key: string): string[] => key.split(/\{\{\w+\}\}|[;:.,] |\.$|\b(?:a gap|gaps|1 call|events? or rows?(?: could)?)\b/).map((part) => part.trim()).filter((part) => part.length > 12);
    expect(Object.keys(SAID).flatMap(words).filter((part) => !source.includes(part))).toEqual([]);
  });

  it('have the places of the English ones', () => {
    for (const [key, text] of Object.entries({ ...ITALIAN, ...ENGLISH })) {
      const expected = places(key);
      // One may be said without its number.
      const allowed = isOne(key) ? [expected, expected.filter((place) => place !== '{{count}}')] : [expected];
      expect(allowed, key).toContainEqual(places(text));
    }
  });

  it('have the markup of the English ones, and take only what is markup into it', () => {
    const tags = (text: string): string[] => [...text.matchAll(/<\/?(?:a|code|strong)\b[^>]*>/g)].map(([tag]) => tag);
    for (const [key, text] of Object.entries(ITALIAN)) expect(tags(text), key).toEqual(tags(key));
    const raw = FILES.filter((name) => name.endsWith('.eta')).flatMap((name) => [...readFileSync(join(WEB, name), 'utf8').matchAll(/<%~ t\(([^%]*)\) %>/g)].map(([, inside = '']) => inside));
    expect(raw.length).toBeGreaterThan(2);
    // A value that is escaped by nobody is what a template has escaped.
    expect(raw.filter((inside) => inside.replace(/^'[^']*'/, '').replaceAll(/[{,] \w+: (?:include|time)\([^()]*\)/g, '').replace(/^,?\s*\}?$/, '') !== '')).toEqual([]);
  });

  it('say one and many, where English does', () => {
    expect(Object.keys(ENGLISH).filter((key) => !(key in ITALIAN))).toEqual([]);
    expect(keys.filter((key) => isOne(key) && !(key in ENGLISH))).toEqual([]);
  });

  it('say the same everywhere', async () => {
    const modules = await Promise.all(readdirSync(join(WEB, 'texts/italian')).map((name) => import(join(WEB, 'texts/italian', name)) as Promise<Record<string, Record<string, string>>>));
    const all = modules.flatMap((module) => Object.values(module).flatMap((texts) => Object.entries(texts)));
    expect(all.filter(([key, text]) => ITALIAN[key] !== text).map(([key]) => key), 'in two files, with two translations, or in a file that italian.ts leaves out').toEqual([]);
  });
});
