import { createHmac, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Request, RequestHandler, Response } from 'express';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import type { AddressLimit } from './address-limit.js';
import { clientAddress } from './client-address.js';
import { SignInNeededError, TooManyFailuresError } from './failure.js';
import { userOfSession, type Sessions } from './sessions.js';
import type { SignIn, SignInOutcome } from './sign-in.js';
import type { ConsoleUser } from './users.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Express lets its locals be typed
  namespace Express {
    interface Locals {
      /** Who asks. */
      user?: ConsoleUser;
    }
  }
}

/** Who may come in: middlewares that set `response.locals.user`, or refuse. */
export interface Access {
  /** Sets the user of the session, where there is one. */
  readonly knowUser: RequestHandler;
  /** Pages: sends a stranger to the sign-in form. */
  readonly signedIn: RequestHandler;
  /** Downloads: HTTP Basic where a stranger sends it; `signedIn` looks after the others. */
  readonly knownOrBasic: RequestHandler;
  /** Scripts, before there is a session: a browser's or HTTP Basic. Throws SignInNeededError. */
  readonly knownReader: RequestHandler;
  /**
   * The same, and what `read` answers: of who was known by the same headers a moment ago it is read while the database is asked
   * who that is now, and thrown away where that is nobody. A stranger has nothing read.
   */
  readonly readFor: <T>(request: Request, response: Response, read: () => Promise<T>) => Promise<T>;
  /** The same for pages, of which the session is known later. */
  readonly readAhead: <T>(read: ReadOf<T>) => Ahead<T>;
  /** Checks credentials; throws TooManyFailuresError, unchecked, for an address that failed too often. */
  attempt(request: Request, response: Response, how: 'byForm' | 'byBasic', principal: string, password: string): Promise<SignInOutcome>;
  /** Whole seconds until an instant, at least one. */
  secondsUntil(at: Micros): number;
}

/** Whoever asks, where `signedIn` has been passed. */
export function knownUser({ locals: { user } }: Response): ConsoleUser {
  if (!user) throw new SignInNeededError('Sign in first.');
  return user;
}

type ReadOf<T> = (request: Request, user: ConsoleUser) => Promise<T>;

export interface Ahead<T> {
  /** Before the session: begins to read for whoever was known by the same headers a moment ago. */
  readonly begin: RequestHandler;
  /** What was read for this very user as they are now; reads it where nothing was. */
  readonly read: ReadOf<T>;
}

/** So many readers have their rows read ahead. */
const MOST_LATELY = 1_000;

export function access(signIn: SignIn, { userOf }: Pick<Sessions, 'userOf'>, limit: AddressLimit, clock: () => Micros): Access {
  const secondsUntil = (at: Micros): number => Math.max(1, Math.ceil((at - clock()) / MICROS_PER_SECOND));

  const attempt: Access['attempt'] = async (request, response, how, principal, password) => {
    const refusedFor = await limit.refusedFor(request);
    if (refusedFor !== null) throw new TooManyFailuresError(refusedFor);
    const address = clientAddress(request);
    const outcome = await signIn[how]({ principal, password, address });
    if (outcome.kind !== 'signed-in' && (await limit.failed(request, response))) await signIn.addressRefused(principal, address);
    return outcome;
  };

  const byBasic = async (request: Request, response: Response): Promise<ConsoleUser> => {
    const header = request.headers.authorization;
    if (header === undefined) throw new SignInNeededError('Use HTTP Basic with the name and password of a console user.');
    const credentials = parseBasic(header);
    if (!credentials) throw new SignInNeededError('The Authorization header is not one of HTTP Basic.');
    const outcome = await attempt(request, response, 'byBasic', credentials.username, credentials.password);
    if (outcome.kind === 'wrong') throw new SignInNeededError('The name or the password is wrong.');
    if (outcome.kind === 'locked-out') throw new TooManyFailuresError(secondsUntil(outcome.until));
    return outcome.user;
  };

  // A proxy in front may ask for a password of its own: a session counts before the header.
  const knowReader = async (request: Request, response: Response): Promise<void> => {
    response.locals.user = (await userOf(request)) ?? (await byBasic(request, response));
  };

  // Each is taken by one request, so that nobody has more than one thing read ahead.
  const lately = new Map<string, ConsoleUser>();
  const remember = (who: string, user: ConsoleUser | undefined): void => {
    if (lately.size >= MOST_LATELY) lately.clear();
    if (user) lately.set(who, user);
  };

  return {
    attempt,
    secondsUntil,
    knowUser(request, response, next) {
      const user = userOfSession(request);
      if (user) response.locals.user = user;
      next();
    },
    async knownReader(request, response, next) {
      await knowReader(request, response);
      next();
    },
    async readFor(request, response, read) {
      const who = headersDigest(request);
      const ahead = lately.delete(who) ? read() : null;
      // Nobody may come to wait for it.
      ahead?.catch(() => undefined);
      await knowReader(request, response);
      remember(who, response.locals.user);
      return ahead ?? read();
    },
    readAhead<T>(read: ReadOf<T>): Ahead<T> {
      const begun = new WeakMap<Request, { readonly user: ConsoleUser; readonly answer: Promise<T> }>();
      return {
        begin(request, _response, next) {
          const who = headersDigest(request);
          const user = lately.get(who);
          if (user) {
            lately.delete(who);
            const answer = read(request, user);
            // Nobody may come to wait for it.
            answer.catch(() => undefined);
            begun.set(request, { user, answer });
          }
          next();
        },
        read(request, user) {
          remember(headersDigest(request), user);
          const ahead = begun.get(request);
          return ahead && isDeepStrictEqual(ahead.user, user) ? ahead.answer : read(request, user);
        },
      };
    },
    signedIn(request, response, next) {
      if (response.locals.user) next();
      else response.redirect(303, `/sign-in?${new URLSearchParams({ next: request.originalUrl }).toString()}`);
    },
    async knownOrBasic(request, response, next) {
      if (!response.locals.user && request.headers.authorization !== undefined) response.locals.user = await byBasic(request, response);
      next();
    },
  };
}

const processKey = randomBytes(32);

/** Tells apart by what requests say who they are of, without keeping a password. */
const headersDigest = ({ headers: { cookie, authorization } }: Request): string => createHmac('sha256', processKey).update(JSON.stringify([cookie, authorization])).digest('base64');

/** The name and password of an `Authorization: Basic` header (RFC 7617, UTF-8); null for any other. */
export function parseBasic(header: string): { username: string; password: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
