import type { Knex } from 'knex';
import { AlreadyExistsError, InvalidInputError, NotFoundError } from '../errors.js';
import { fromMs, type Micros } from '../time.js';
import { isLanguage, type LanguageCode } from './language.js';
import { lockOut } from './lock-out.js';
import { generatePassword, hashPassword } from './passwords.js';

const TABLE = 'console_user';
export const MIN_PASSWORD_LENGTH = 8;
// Beyond this a hash only costs time.
const MAX_PASSWORD_LENGTH = 1_024;
const MAX_USERNAME_LENGTH = 128;

export interface ConsoleUser {
  readonly id: number;
  readonly username: string;
  /** The zone this user reads times in; null: the service's. */
  readonly timeZone: string | null;
  /** The language this user reads; null: what the browser asks for. */
  readonly language: LanguageCode | null;
  readonly createdAt: Micros;
  /** A session begun under an older password is over. */
  readonly passwordChangedAt: Micros;
}

export interface ConsoleUsers {
  /** Throws InvalidInputError for a name that is taken or cannot be, and for a password too short. */
  addUser(username: string, password: string): Promise<ConsoleUser>;
  /** Signs out that user's sessions. Throws NotFoundError, or InvalidInputError for a password too short. */
  setPassword(username: string, password: string): Promise<void>;
  /** Throws NotFoundError. Their sessions are over, too. */
  removeUser(username: string): Promise<void>;
  setTimeZone(id: number, timeZone: string | null): Promise<void>;
  setLanguage(id: number, language: LanguageCode): Promise<void>;
  /** By name. */
  listUsers(): Promise<ConsoleUser[]>;
  find(username: string): Promise<(ConsoleUser & { readonly passwordHash: string }) | null>;
  findById(id: number): Promise<ConsoleUser | null>;
  /**
   * Makes sure that the user exists; one that exists keeps its password. Without a password one is
   * generated and answered, once: when its row is written. Safe to repeat on the same object after it rejected.
   */
  ensureAdmin(username: string, password: string | null): Promise<{ created: boolean; generatedPassword: string | null }>;
}

interface UserRow {
  readonly id: number;
  readonly username: string;
  readonly password_hash: string;
  readonly time_zone: string;
  readonly language: string;
  readonly created_at: number | string;
  readonly password_changed_at: number | string;
}

export function consoleUsers(knex: Knex, clock: () => Micros = () => fromMs(Date.now())): ConsoleUsers {
  const rowOf = (where: Partial<UserRow>): Promise<UserRow | undefined> => knex<UserRow>(TABLE).where(where).first();

  const insert = async (username: string, passwordHash: string): Promise<void> => {
    const now = clock();
    await knex(TABLE).insert({ username, password_hash: passwordHash, time_zone: '', created_at: now, password_changed_at: now });
  };
  /** What `ensureAdmin` tried to write; known by its hash when only the answer was lost. */
  const made = new Map<string, { readonly password: string; readonly passwordHash: string }>();

  const addUser = async (username: string, password: string): Promise<ConsoleUser> => {
    const name = checkUsername(username);
    const passwordHash = await hashPassword(checkPassword(password));
    if (await rowOf({ username: name })) throw taken(name);
    try {
      await insert(name, passwordHash);
    } catch (error) {
      // Another process was first.
      if (await rowOf({ username: name })) throw taken(name);
      throw error;
    }
    const row = await rowOf({ username: name });
    if (!row) throw new NotFoundError(`user ${name} is gone again`);
    return fromUserRow(row);
  };

  return {
    addUser,
    async setPassword(username, password) {
      const passwordHash = await hashPassword(checkPassword(password));
      const row = await rowOf({ username });
      if (!row) throw noUser(username);
      // Always later than before, also within one tick of the clock: sessions are told apart by it.
      const changedAt = Math.max(clock(), Number(row.password_changed_at) + 1);
      await knex(TABLE).where({ id: row.id }).update({ password_hash: passwordHash, password_changed_at: changedAt });
      // Whoever locked the old password out has no say in the new one.
      await lockOut(knex, clock).succeeded(username);
    },
    async removeUser(username) {
      if ((await knex(TABLE).where({ username }).delete()) === 0) throw noUser(username);
    },
    async setTimeZone(id, timeZone) {
      await knex(TABLE).where({ id }).update({ time_zone: timeZone ?? '' });
    },
    async setLanguage(id, language) {
      await knex(TABLE).where({ id }).update({ language });
    },
    async listUsers() {
      return (await knex<UserRow>(TABLE).select().orderBy('username')).map(fromUserRow);
    },
    async find(username) {
      const row = await rowOf({ username });
      return row ? { ...fromUserRow(row), passwordHash: row.password_hash } : null;
    },
    async findById(id) {
      const row = await rowOf({ id });
      return row ? fromUserRow(row) : null;
    },
    async ensureAdmin(username, password) {
      const name = checkUsername(username);
      const outcome = (row: UserRow) => {
        const own = made.get(name);
        const ours = row.password_hash === own?.passwordHash ? own : null;
        return { created: ours !== null, generatedPassword: password === null ? (ours?.password ?? null) : null };
      };
      const row = await rowOf({ username: name });
      if (row) return outcome(row);
      const chosen = password ?? generatePassword();
      const admin = made.get(name) ?? { password: chosen, passwordHash: await hashPassword(checkPassword(chosen)) };
      made.set(name, admin);
      try {
        await insert(name, admin.passwordHash);
      } catch (error) {
        // Another process was first, or the database wrote it and could not say so.
        const there = await rowOf({ username: name });
        if (!there) throw error;
        return outcome(there);
      }
      return { created: true, generatedPassword: password === null ? admin.password : null };
    },
  };
}

/** What `userOfRow` reads, in its order. */
export const USER_COLUMNS = ['id', 'username', 'time_zone', 'language', 'created_at', 'password_changed_at'] as const satisfies readonly (keyof UserRow)[];

/** A user of a row that is an array of `USER_COLUMNS`. */
export function userOfRow(values: readonly unknown[]): ConsoleUser {
  return fromUserRow(Object.fromEntries(USER_COLUMNS.map((name, index) => [name, values[index]])) as unknown as UserRow);
}

function fromUserRow(row: Omit<UserRow, 'password_hash'>): ConsoleUser {
  return {
    id: row.id,
    username: row.username,
    timeZone: row.time_zone === '' ? null : row.time_zone,
    language: isLanguage(row.language) ? row.language : null,
    createdAt: Number(row.created_at),
    passwordChangedAt: Number(row.password_changed_at),
  };
}

const noUser = (name: string): NotFoundError => new NotFoundError(`there is no user ${name}; "logbook user list" shows who there is`);
const taken = (name: string): InvalidInputError => new AlreadyExistsError('username', `${name} exists already`);

function checkUsername(username: string): string {
  const name = username.trim();
  if (name === '' || name.length > MAX_USERNAME_LENGTH) {
    throw new InvalidInputError('username', `must have 1 to ${MAX_USERNAME_LENGTH} characters`);
  }
  // HTTP Basic ends the name at the first colon.
  if (/[:\p{Cc}]/u.test(name)) throw new InvalidInputError('username', 'must have neither a colon nor control characters');
  return name;
}

function checkPassword(password: string): string {
  if (password.length < MIN_PASSWORD_LENGTH) throw new InvalidInputError('password', `must have ${MIN_PASSWORD_LENGTH} characters or more`);
  if (password.length > MAX_PASSWORD_LENGTH) throw new InvalidInputError('password', `must have ${MAX_PASSWORD_LENGTH} characters or fewer`);
  return password;
}
