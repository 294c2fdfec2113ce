import { describe, expect, it } from 'vitest';
import { InvalidInputError, NotFoundError } from '../../../src/errors.js';
import { parseBasic } from '../../../src/web/access.js';
import { plainAddress } from '../../../src/web/client-address.js';
import { formatSeconds, visible } from '../../../src/web/display-text.js';
import { failureOf } from '../../../src/web/failure.js';
import { remembered } from '../../../src/web/readiness.js';
import { ownPath } from '../../../src/web/sign-in-routes.js';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('what a visitor sends', () => {
  it('reads HTTP Basic, colons in the password and all', () => {
    expect(parseBasic(basic('zoë:p:ä'))).toEqual({ username: 'zoë', password: 'p:ä' });
    for (const header of ['Basic', 'Bearer abc', basic('nobody'), basic(':secret'), 'Basic ***']) expect(parseBasic(header)).toBeNull();
  });

  it('goes on to a path of its own only', () => {
    expect(ownPath('/cdrs?src=904')).toBe('/cdrs?src=904');
    for (const path of ['//evil.example/x', '/\\evil.example', 'https://evil.example/', '/\t/evil.example', 'cdrs', '', undefined, ['/a']]) {
      expect(ownPath(path)).toBe('/');
    }
  });

  it('shows a mapped IPv4 address as what it is', () => {
    expect(plainAddress('::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(plainAddress('2001:db8::7')).toBe('2001:db8::7');
  });
});

describe('what a reader sees', () => {
  it('spells out controls and marks that turn the text, and leaves names alone', () => {
    expect(visible('a\u0000b\u202ec\u2066d\ufeff')).toBe('a⟨U+0000⟩b⟨U+202E⟩c⟨U+2066⟩d⟨U+FEFF⟩');
    for (const name of ['Zoë', 'محمد', '東京 🙂', '👩‍💻']) expect(visible(name)).toBe(name);
  });

  it('writes durations with as many hours as there are', () => {
    expect([0, 85, 3_600, 360_061].map(formatSeconds)).toEqual(['0:00:00', '0:01:25', '1:00:00', '100:01:01']);
  });
});

describe('failureOf', () => {
  const coded = (code: string): Error => Object.assign(new Error('secret detail'), { code });

  it('names the parameter at fault', () => {
    expect(failureOf(new InvalidInputError('from', 'must be an instant'))).toMatchObject({
      status: 400,
      parameter: 'from',
      message: 'from must be an instant.',
    });
  });

  it.each([
    [new NotFoundError('account 7'), 404],
    [coded('EBADCSRFTOKEN'), 403],
    [coded('ECONNREFUSED'), 503],
    [coded('SQLITE_BUSY'), 503],
    [Object.assign(new Error('x'), { name: 'KnexTimeoutError' }), 503],
    [Object.assign(new URIError('secret detail'), { status: 400 }), 400],
    [coded('ER_NO_SUCH_TABLE'), 500],
    ['thrown text', 500],
  ])('answers %s with %i, and tells nothing of the inside', (error, status) => {
    const failure = failureOf(error);
    expect(failure.status).toBe(status);
    expect(JSON.stringify(failure)).not.toContain('secret detail');
  });
});

describe('remembered', () => {
  it('asks again when the answer is old, or was a failure', async () => {
    let now = 0;
    let asked = 0;
    const ask = remembered(
      () => {
        asked += 1;
        return asked === 2 ? Promise.reject(new Error('away')) : Promise.resolve(asked);
      },
      2_000,
      () => now,
    );
    expect([await ask(), await ask()]).toEqual([1, 1]);
    now = 2_000;
    await expect(ask()).rejects.toThrow('away');
    expect(await ask()).toBe(3);
  });
});
