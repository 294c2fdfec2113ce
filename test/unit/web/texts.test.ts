import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogDefinition } from '../../../src/logs/columns.js';
import { ALL_LOGS } from '../../../src/web/menu.js';
import { ENGLISH } from '../../../src/web/texts/english.js';
import { ITALIAN } from '../../../src/web/texts/italian.js';
import { COLUMNS } from '../../../src/web/texts/italian/columns.js';
import { SAID } from '../../../src/web/texts/italian/said.js';

const WEB = join(import.meta.dirname, '../../../src/web');
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

function textsOfLogs(logs: readonly LogDefinition[]): string[] {
  return logs.flatMap(({ title, about, columns }) => [title, ...(about === undefined ? [] : [about]), ...Object.values(columns).map((column) => column.title)]);
}

const places = (text: string): string[] => [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([place]) => place))].sort();
const isOne = (key: string): boolean => key.endsWith('_one');

describe('the Italian texts', () => {
  const used = textsUsed();
  const ofLogs = new Set(textsOfLogs(ALL_LOGS));
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

  it('have the places of the English ones', () => {
    for (const [key, text] of Object.entries({ ...ITALIAN, ...ENGLISH })) {
      const expected = places(key);
      // One may be said without its number.
      const allowed = isOne(key) ? [expected, expected.filter((place) => place !== '{{count}}')] : [expected];
      expect(allowed, key).toContainEqual(places(text));
    }
  });

  it('say one and many, where English does', () => {
    expect(Object.keys(ENGLISH).filter((key) => !(key in ITALIAN))).toEqual([]);
    expect(keys.filter((key) => isOne(key) && !(key in ENGLISH))).toEqual([]);
  });

  it('stand once', () => {
    const files = readdirSync(join(WEB, 'texts/italian')).map((name) => readFileSync(join(WEB, 'texts/italian', name), 'utf8'));
    const all = files.flatMap((source) => [...source.matchAll(/^ {2}(?:(['"])(.*?)\1|(\w+)):(?: |$)/gm)].map(([, , quoted, plain]) => quoted ?? plain));
    expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([]);
    expect(all).toHaveLength(keys.length);
    expect(Object.keys(COLUMNS).length).toBeGreaterThan(30);
  });
});
