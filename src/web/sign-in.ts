import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { eventKey } from '../logs/key.js';
import type { WebEventType } from '../logs/web-session/columns.js';
import { insertWebSessions } from '../logs/web-session/store.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { LOCK_TIME, lockOut } from './lock-out.js';
import { credentialDigest, decoyHash, isPassword } from './passwords.js';
import type { ConsoleUser, ConsoleUsers } from './users.js';

/** A script that asks every second is one sign-in for so long, by principal and address. */
const BASIC_SUCCESS_EVERY: Micros = 10 * 60 * MICROS_PER_SECOND;
const REMEMBERED_CREDENTIALS = 1_000;

export interface Credentials {
  readonly principal: string;
  readonly password: string;
  /** Where they come from, as Web Sessions shows it. */
  readonly address: string;
}

export type SignInOutcome =
  | { readonly kind: 'signed-in'; readonly user: ConsoleUser }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'locked-out'; readonly until: Micros };

/** Checks credentials; each verdict writes its rows in Web Sessions. */
export interface SignIn {
  /** Through the form: a success is a SUCCESS and a SUCCESS_INTERACTIVE. */
  byForm(credentials: Credentials): Promise<SignInOutcome>;
  /** By HTTP Basic: one SUCCESS in ten minutes for each principal and address, not one for each request. */
  byBasic(credentials: Credentials): Promise<SignInOutcome>;
  signedOut(principal: string, address: string): Promise<void>;
  /** An address has failed too often, under whatever names. */
  addressRefused(principal: string, address: string): Promise<void>;
}

export function signIn(knex: Knex, users: ConsoleUsers, clock: () => Micros): SignIn {
  const lock = lockOut(knex, clock);
  // By digest: the stored hash that these credentials matched, so that a changed password ends it at once.
  const matched = new Map<string, string>();
  // The keys of SUCCESS rows known to be written: the unique key would keep one anyway, this saves the statement.
  const recorded = new Map<string, string>();
  const checking = new Map<string, Promise<SignInOutcome>>();

  const record = (eventTypes: readonly WebEventType[], { principal, address }: Omit<Credentials, 'password'>, key?: string): Promise<void> => {
    const at = clock();
    return insertWebSessions(
      knex,
      eventTypes.map((eventType) => ({
        key: key ?? eventKey('CONSOLE', eventType, principal, address, at, randomUUID()),
        dateCreated: at,
        eventType,
        principal,
        ipAddress: address,
        service: 'CONSOLE',
        pbx: null,
      })),
    );
  };

  const refuseLocked = async (credentials: Credentials, until: Micros | null): Promise<SignInOutcome> => {
    await record(['FAIL_LOCKED_OUT'], credentials);
    return { kind: 'locked-out', until: until ?? clock() + LOCK_TIME };
  };

  const check = async (credentials: Credentials): Promise<SignInOutcome> => {
    const { principal, password } = credentials;
    if (!(await lock.takeTry(principal))) return refuseLocked(credentials, await lock.lockedUntil(principal));
    const found = await users.find(principal);
    const right = await isPassword(found?.passwordHash ?? (await decoyHash()), password);
    if (found && right) {
      await lock.succeeded(principal);
      remember(matched, credentialDigest(principal, password), found.passwordHash);
      return { kind: 'signed-in', user: found };
    }
    await record(['FAIL_BAD_CREDENTIALS'], credentials);
    if (await lock.failed(principal)) await record(['LOCKED_OUT'], credentials);
    return { kind: 'wrong' };
  };

  // Scripts send many requests at once: the same credentials are looked at once, and hashed once.
  const checkOnce = (credentials: Credentials, digest: string): Promise<SignInOutcome> => {
    const key = `${digest} ${credentials.address}`;
    const running = checking.get(key) ?? check(credentials).finally(() => checking.delete(key));
    checking.set(key, running);
    return running;
  };

  return {
    async byForm(credentials) {
      const outcome = await check(credentials);
      if (outcome.kind === 'signed-in') await record(['SUCCESS', 'SUCCESS_INTERACTIVE'], credentials);
      return outcome;
    },
    async byBasic(credentials) {
      const { principal, password, address } = credentials;
      const digest = credentialDigest(principal, password);
      const found = matched.has(digest) ? await users.find(principal) : null;
      let outcome: SignInOutcome;
      // Known to be right: a stranger's wrong guesses do not lock out finance's script.
      if (found && matched.get(digest) === found.passwordHash) {
        outcome = { kind: 'signed-in', user: found };
      } else {
        outcome = await checkOnce(credentials, digest);
      }
      if (outcome.kind === 'signed-in') {
        const key = eventKey('CONSOLE', 'BASIC', principal, address, Math.floor(clock() / BASIC_SUCCESS_EVERY));
        if (!recorded.has(key)) await record(['SUCCESS'], credentials, key);
        remember(recorded, key, principal);
      }
      return outcome;
    },
    signedOut: (principal, address) => record(['SIGNED_OUT'], { principal, address }),
    addressRefused: (principal, address) => record(['FAIL_LIMIT'], { principal, address }),
  };
}

function remember(map: Map<string, string>, key: string, value: string): void {
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > REMEMBERED_CREDENTIALS && !oldest.done) map.delete(oldest.value);
}
