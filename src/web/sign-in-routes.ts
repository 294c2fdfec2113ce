import { Router, type Request, type Response } from 'express';
import { InvalidInputError } from '../errors.js';
import type { Access } from './access.js';
import { clientAddress } from './client-address.js';
import { TooManyFailuresError } from './failure.js';
import { isLanguage, LANGUAGE_CODES, languageOf } from './language.js';
import { beginSession, endSession, keepBriefly, SESSION_COOKIE } from './sessions.js';
import type { SignIn } from './sign-in.js';
import type { ConsoleUsers } from './users.js';
import type { Views } from './views.js';
import { readerZone } from './zone.js';

export interface SignInRouteParts {
  readonly users: ConsoleUsers;
  readonly signIn: SignIn;
  readonly access: Access;
  readonly views: Views;
}

/** The sign-in form, signing out, and the zone and the language a user reads in. */
export function signInRoutes({ users, signIn, access, views }: SignInRouteParts): Router {
  const form = (request: Request, response: Response, next: string, problem?: { status: number; message: string; username: string }): Promise<void> => {
    keepBriefly(request);
    const { t, said } = languageOf(response);
    return views.render(request, response, 'sign-in', {
      title: t('Sign in'),
      status: problem?.status ?? 200,
      view: { next, problem: problem ? said(problem.message) : null, username: problem?.username ?? '' },
    });
  };

  const router = Router();

  router.get('/sign-in', async (request, response) => {
    const next = ownPath(request.query['next']);
    if (response.locals.user) response.redirect(303, next);
    else await form(request, response, next);
  });

  router.post('/sign-in', async (request, response): Promise<void> => {
    const next = ownPath(field(request, 'next'));
    const username = field(request, 'username').trim();
    const password = field(request, 'password');
    if (username === '' || password === '') {
      return form(request, response, next, { status: 400, message: 'Give both a name and a password.', username });
    }
    try {
      const outcome = await access.attempt(request, response, 'byForm', username, password);
      if (outcome.kind === 'locked-out') throw new TooManyFailuresError(access.secondsUntil(outcome.until));
      if (outcome.kind === 'wrong') {
        await form(request, response, next, { status: 401, message: 'The name or the password is wrong.', username }); return;
      }
      await beginSession(request, outcome.user);
      response.redirect(303, next);
    } catch (error) {
      if (!(error instanceof TooManyFailuresError)) throw error;
      response.set('Retry-After', String(error.retryAfterSeconds));
      await form(request, response, next, { status: 429, message: error.message, username });
    }
  });

  router.post('/sign-out', async (request, response) => {
    const { user } = response.locals;
    await endSession(request);
    response.clearCookie(SESSION_COOKIE, { path: '/', httpOnly: true, sameSite: 'lax' });
    if (user) await signIn.signedOut(user.username, clientAddress(request));
    response.redirect(303, '/sign-in');
  });

  router.post('/time-zone', access.signedIn, async (request, response) => {
    const name = field(request, 'zone');
    if (name !== '') readerZone(name);
    if (response.locals.user) await users.setTimeZone(response.locals.user.id, name === '' ? null : name);
    response.redirect(303, withoutZone(ownPath(field(request, 'next'))));
  });

  router.post('/language', access.signedIn, async (request, response) => {
    const code = field(request, 'language');
    if (!isLanguage(code)) throw new InvalidInputError('language', `must be one of ${LANGUAGE_CODES.join(', ')}`);
    if (response.locals.user) await users.setLanguage(response.locals.user.id, code);
    response.redirect(303, ownPath(field(request, 'next')));
  });

  return router;
}

/** A text of a sent form; '' where it is absent or given twice. */
export function field(request: Request, name: string): string {
  const body: unknown = request.body;
  const value: unknown = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : '';
}

const ORIGIN = 'http://logbook.invalid';

/** A path of this console to go on to, `/` for anything that would lead elsewhere. */
export function ownPath(value: unknown): string {
  if (typeof value !== 'string' || !value.startsWith('/')) return '/';
  const url = URL.parse(value, ORIGIN);
  return url?.origin === ORIGIN && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/';
}

// The zone just chosen, not the one that the address named before.
function withoutZone(path: string): string {
  const url = new URL(path, ORIGIN);
  url.searchParams.delete('tz');
  return `${url.pathname}${url.search}`;
}
