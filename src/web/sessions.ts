import { randomBytes } from 'node:crypto';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import type { Request, RequestHandler } from 'express';
import session, { type SessionData } from 'express-session';
import type { Knex } from 'knex';
import type { ConsoleUser } from './users.js';

declare module 'express-session' {
  interface SessionData {
    userId?: number;
    /** Of the user at sign-in: a password changed since then ends the session. */
    passwordChangedAt?: number;
  }
}

const TABLE = 'console_session';
const COOKIE = 'logbook';
/** A working day; then one signs in again. */
const SESSION_MS = 12 * 60 * 60 * 1_000;
/** A session that only carries the sign-in form's token. */
const ANONYMOUS_MS = 60 * 60 * 1_000;

type Callback<T> = (error?: unknown, result?: T) => void;

/**
 * connect-session-knex both calls back with an error and rejects, which nobody handles and which
 * ends the process when the database is away; here each call answers once.
 */
class SessionStore extends ConnectSessionKnexStore {
  constructor(knex: Knex) {
    super({ knex, tableName: TABLE, createTable: false, cleanupInterval: 0 });
    // The first look for the table may fail, and would then fail every call that follows.
    this.ready.catch(() => undefined);
    this.ready = Promise.resolve();
  }

  override get(sid: string, callback?: Callback<SessionData | null>): Promise<SessionData | null> {
    return once(super.get(sid, ignore), callback, null);
  }

  override set(sid: string, data: SessionData, callback?: Callback<void>): Promise<void> {
    return once(super.set(sid, data, ignore), callback, undefined);
  }

  // A session ends when its cookie does, so there is nothing to write for a page that was only read.
  override touch(_sid: string, _data: SessionData, callback?: () => void): Promise<void> {
    callback?.();
    return Promise.resolve();
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): Promise<number> {
    return once(super.destroy(sid, ignore), callback && ((error) => callback(error)), 0);
  }
}

const ignore = (): void => undefined;

function once<T>(answer: Promise<T>, callback: Callback<T> | undefined, whenFailed: T): Promise<T> {
  return answer.then(
    (result) => {
      setImmediate(() => callback?.(null, result));
      return result;
    },
    (error: unknown) => {
      setImmediate(() => callback?.(error));
      return whenFailed;
    },
  );
}

/**
 * Sessions in the database. The key that signs their cookies is made once and kept there too, so
 * that they outlive a restart and hold for every process; it is read at the first request, since
 * the database may be away when the app is made.
 */
export function databaseSessions(knex: Knex): RequestHandler {
  let ready: Promise<RequestHandler> | null = null;
  return async (request, response, next) => {
    ready ??= sessionKey(knex).then((secret) => sessionHandler(knex, secret));
    let handle: RequestHandler;
    try {
      handle = await ready;
    } catch (error) {
      ready = null;
      throw error;
    }
    await handle(request, response, next);
  };
}

function sessionHandler(knex: Knex, secret: string): RequestHandler {
  return session({
    name: COOKIE,
    secret,
    store: new SessionStore(knex),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: SESSION_MS, path: '/' },
  });
}

async function sessionKey(knex: Knex): Promise<string> {
  const name = 'session_key';
  await knex('setting')
    .insert({ name, value: randomBytes(32).toString('base64') })
    .onConflict('name')
    .merge(['name']);
  const row = await knex<{ name: string; value: string }>('setting').where({ name }).first('value');
  if (!row) throw new Error('the session key cannot be stored');
  return row.value;
}

/** For a visitor who is not signed in: lasts as long as one may look at the form. */
export function keepBriefly(request: Request): void {
  if (request.session.userId === undefined) request.session.cookie.maxAge = ANONYMOUS_MS;
}

/** Begins a session for a user, under a new id. */
export async function beginSession(request: Request, user: ConsoleUser): Promise<void> {
  await called((done) => request.session.regenerate(done));
  request.session.userId = user.id;
  request.session.passwordChangedAt = user.passwordChangedAt;
  await called((done) => request.session.save(done));
}

/** Deletes the sessions that are over; answers how many. */
export function clearExpiredSessions(knex: Knex): Promise<number> {
  // This form compares rightly both as SQLite's text and as MariaDB's DATETIME.
  return knex(TABLE).where('expired', '<', new Date().toISOString().slice(0, 19)).delete();
}

/** Those of the sessions that are not over. */
export async function sessionsAlive(knex: Knex, ids: readonly string[]): Promise<Set<string>> {
  const rows = (await knex(TABLE).select('sid').whereIn('sid', [...new Set(ids)]).where('expired', '>=', new Date().toISOString().slice(0, 19))) as readonly { readonly sid: string }[];
  return new Set(rows.map(({ sid }) => sid));
}

/** Ends the session of a request. */
export async function endSession(request: Request): Promise<void> {
  await called((done) => request.session.destroy(done));
}

export const SESSION_COOKIE = COOKIE;

function called(call: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => {
      if (error) reject(error instanceof Error ? error : new Error('the session cannot be stored'));
      else resolve();
    });
  });
}
