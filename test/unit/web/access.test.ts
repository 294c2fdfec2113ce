import type { Request, Response } from 'express';
import { expect, it } from 'vitest';
import { access } from '../../../src/web/access.js';
import type { ConsoleUser } from '../../../src/web/users.js';

const ANN: ConsoleUser = { id: 1, username: 'ann', timeZone: null, language: null, createdAt: 0, passwordChangedAt: 0 };

/** A gate whose database knows `users` by their cookie and answers when told to, with what happened in its order. */
function gate(users: Map<string, ConsoleUser>) {
  const happened: string[] = [];
  const refuses = (): Promise<never> => Promise.reject(new Error('not asked'));
  const entry = access(
    { byForm: refuses, byBasic: refuses, signedOut: refuses, addressRefused: refuses },
    {
      async userOf({ headers: { cookie = '' } }) {
        await Promise.resolve();
        happened.push('who');
        return users.get(cookie) ?? null;
      },
    },
    { refusedFor: () => Promise.resolve(null), failed: () => Promise.resolve(false) },
    () => 0,
  );
  const read = (): Promise<string> => {
    happened.push('read');
    return Promise.resolve('rows');
  };
  const ask = async (cookie: string): Promise<readonly [string, ...string[]]> => {
    const answer = await entry.readFor({ headers: { cookie } } as unknown as Request, { locals: {} } as unknown as Response, read).catch((error: unknown) => (error as Error).name);
    return [answer, ...happened.splice(0)];
  };
  const { begin, read: readFor } = entry.readAhead((_request, { username, timeZone }) => {
    happened.push('read');
    return Promise.resolve(`rows of ${username} in ${timeZone ?? 'no zone'}`);
  });
  /** As a page is asked for: what is begun, the session, and what is shown to its user. */
  const askPage = async (cookie: string): Promise<readonly string[]> => {
    const request = { headers: { cookie } } as unknown as Request;
    await begin(request, {} as unknown as Response, () => happened.push('session'));
    const user = users.get(cookie);
    return [user ? await readFor(request, user) : 'sign in', ...happened.splice(0)];
  };
  return { ask, askPage };
}

it('reads ahead for whoever was known a moment ago, and answers nobody that is not', async () => {
  const users = new Map([['session=1', ANN]]);
  const { ask } = gate(users);
  expect(await ask('session=1')).toEqual(['rows', 'who', 'read']);
  expect(await ask('session=1')).toEqual(['rows', 'read', 'who']);
  users.clear();
  expect(await ask('session=1')).toEqual(['SignInNeededError', 'read', 'who']);
  expect(await ask('session=1')).toEqual(['SignInNeededError', 'who']);
});

it('reads nothing for strangers', async () => {
  const { ask } = gate(new Map([['session=1', ANN]]));
  await ask('session=1');
  for (const cookie of ['', 'session=2', 'session=1; other=1']) expect(await ask(cookie).then(([answer]) => answer)).toBe('SignInNeededError');
  expect(await ask('session=2')).toEqual(['SignInNeededError', 'who']);
});

it('reads ahead for the page of a user who is still who they were', async () => {
  const users = new Map([['session=1', ANN]]);
  const { ask, askPage } = gate(users);
  const [before, beside] = [['session', 'read'], ['read', 'session']];
  expect(await askPage('session=1')).toEqual(['rows of ann in no zone', ...before]);
  expect(await askPage('session=1')).toEqual(['rows of ann in no zone', ...beside]);
  expect(await ask('session=1')).toEqual(['rows', 'read', 'who']);
  users.set('session=1', { ...ANN, timeZone: 'Asia/Tokyo' });
  expect(await askPage('session=1')).toEqual(['rows of ann in Asia/Tokyo', ...beside, 'read']);
  users.set('session=1', { ...ANN, id: 2, username: 'bob' });
  expect(await askPage('session=1')).toEqual(['rows of bob in no zone', ...beside, 'read']);
  users.clear();
  expect(await askPage('session=1')).toEqual(['sign in', ...beside]);
  expect(await askPage('session=1')).toEqual(['sign in', 'session']);
  expect(await askPage('session=2')).toEqual(['sign in', 'session']);
});
