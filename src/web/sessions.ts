import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import type { Request, RequestHandler } from 'express';
import session, { type Session, type SessionData } from 'express-session';
import type { Knex } from 'knex';
import { arraysOf } from '../database/row-arrays.js';
import { userOfRow, USER_COLUMNS, type ConsoleUser } from './users.js';

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

/** Whose session a request is of: read with it, since every request asks for both. */
const users = new WeakMap<object, ConsoleUser>();

/** The user of the session that the request came with, null where it has none, the user is gone or has another password now. */
export const userOfSession = (request: Request): ConsoleUser | null => users.get(request) ?? null;

type Callback<T> = (error?: unknown, result?: T) => void;

/**
 * connect-session-knex both calls back with an error and rejects, which nobody handles and which
 * ends the process when the database is away; here each call answers once.
 */
class SessionStore extends ConnectSessionKnexStore {
  constructor(readonly knex: Knex) {
    super({ knex, tableName: TABLE, createTable: false, cleanupInterval: 0 });
    // The first look for the table may fail, and would then fail every call that follows.
    this.ready.catch(() => undefined);
    this.ready = Promise.resolve();
    // A session ends when its cookie does, so there is nothing to write for a page that was only read; and
    // express-session holds an answer's last byte back until it is.
    Object.defineProperty(this, 'touch', { value: undefined });
  }

  override get(sid: string, callback?: Callback<SessionData | null>): Promise<SessionData | null> {
    return once(readSession(this.knex, sid), callback, null);
  }

  override createSession(request: Request, data: SessionData): Session & SessionData {
    const user = users.get(data);
    if (user) users.set(request, user);
    return super.createSession(request, data);
  }

  override set(sid: string, data: SessionData, callback?: Callback<void>): Promise<void> {
    return once(super.set(sid, data, ignore), callback, undefined);
  }


  override destroy(sid: string, callback?: (error?: unknown) => void): Promise<number> {
    return once(super.destroy(sid, ignore), callback && ((error) => callback(error)), 0);
  }
}

// The id stands in the session's JSON, which both databases can look into.
const READ = `select s.sess, ${USER_COLUMNS.map((name) => `u.${name}`).join(', ')} from ${TABLE} s
  left join console_user u on u.id = cast(json_extract(s.sess, '$.userId') as unsigned) where s.sid = ? and s.expired >= ?`;

/** A session that is not over, with its user beside in `users`. */
async function readSession(knex: Knex, sid: string): Promise<SessionData | null> {
  const [row] = await arraysOf(knex, READ, [sid, nowAsExpiry()]);
  if (!row) return null;
  const [stored, ...user] = row;
  // MySQL's driver, other than MariaDB's, has parsed it.
  const data = (typeof stored === 'string' ? JSON.parse(stored) : stored) as SessionData;
  const known = user[0] === null ? null : userOfRow(user);
  if (known && known.passwordChangedAt === data.passwordChangedAt) users.set(data, known);
  return data;
}

/** This form compares rightly both as SQLite's text and as MariaDB's DATETIME. */
const nowAsExpiry = (): string => new Date().toISOString().slice(0, 19);

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

export interface Sessions {
  /** Gives each request its `session`, to be read and changed. */
  readonly handle: RequestHandler;
  /** The user of a request's session, as `userOfSession`: for what changes none, for which express-session takes longer than a page of rows. */
  readonly userOf: (request: Request) => Promise<ConsoleUser | null>;
}

/**
 * Sessions in the database. The key that signs their cookies is made once and kept there too, so
 * that they outlive a restart and hold for every process; it is read at the first request, since
 * the database may be away when the app is made.
 */
export function databaseSessions(knex: Knex): Sessions {
  let ready: Promise<{ readonly secret: string; readonly handler: RequestHandler }> | null = null;
  const opened = (): NonNullable<typeof ready> =>
    (ready ??= sessionKey(knex).then(
      (secret) => ({ secret, handler: sessionHandler(knex, secret) }),
      (error: unknown) => {
        ready = null;
        throw error;
      },
    ));
  return {
    async handle(request, response, next) {
      const { handler } = await opened();
      await handler(request, response, next);
    },
    async userOf(request) {
      const sid = signedId(request, (await opened()).secret);
      const data = sid === null ? null : await readSession(knex, sid);
      return data && (users.get(data) ?? null);
    },
  };
}

const SIGNED_ID = new RegExp(`(?:^|; *)${COOKIE}=s%3A([\\w-]+)\\.([^;]+)`);

/** The session's id in the cookie as express-session signs it, null where nobody did. */
function signedId({ headers }: Request, secret: string): string | null {
  const [, id = '', signature = ''] = SIGNED_ID.exec(headers.cookie ?? '') ?? [];
  const right = Buffer.from(encodeURIComponent(createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')));
  const given = Buffer.from(signature);
  return given.length === right.length && timingSafeEqual(given, right) ? id : null;
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
  return knex(TABLE).where('expired', '<', nowAsExpiry()).delete();
}

/** Those of the sessions that are not over. */
export async function sessionsAlive(knex: Knex, ids: readonly string[]): Promise<Set<string>> {
  const rows = (await knex(TABLE).select('sid').whereIn('sid', [...new Set(ids)]).where('expired', '>=', nowAsExpiry())) as readonly { readonly sid: string }[];
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
