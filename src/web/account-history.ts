import type { Knex } from 'knex';
import { NotFoundError } from '../errors.js';
import { oneOf, parametersOf, readParameters, type QueryParameters } from '../logs/parameters.js';
import { readAccountsNamed, type AccountDetail } from '../logs/registered-account/read.js';
import { refusedSignIns, whereabouts, type Refusals, type Whereabouts } from '../logs/statistics/account-history.js';
import { accountPresence, presenceFigures, type AccountPresence, type PresenceFigures } from '../logs/statistics/account-presence.js';
import type { Span } from '../logs/statistics/spans.js';
import { unheardOf } from '../logs/statistics/unheard.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { accountCalls, accountSessions, devicesOf } from './account-calls.js';

export const HISTORIES = ['24h', '7d'] as const;
export type HistoryName = (typeof HISTORIES)[number];

const DAY: Micros = 86_400 * MICROS_PER_SECOND;
const LENGTHS: Readonly<Record<HistoryName, Micros>> = { '24h': DAY, '7d': 7 * DAY };

/** What is asked of one account's history. */
export const historyParameters = parametersOf('one account', {
  range: oneOf(HISTORIES).default('24h').meta({ description: 'How far back registrations and refused sign-ins are told.' }),
});

/** All that is known of the account of one name on one PBX, on line or not. */
export interface AccountHistory {
  readonly pbx: string;
  readonly username: string;
  readonly description: string | null;
  /** One for each channel driver that has it; none where only its rows are left. */
  readonly states: readonly AccountDetail[];
  readonly online: boolean;
  /** Since when it is so; null where nobody saw the change. */
  readonly since: Micros | null;
  readonly rangeName: HistoryName;
  /** Ends now. */
  readonly range: Span;
  /** Of seven days. */
  readonly presence: AccountPresence;
  readonly figures: Readonly<Record<HistoryName, PresenceFigures>>;
  readonly whereabouts: Whereabouts;
  readonly refusals: Refusals;
}

/** Throws NotFoundError for a name of which there is neither a state nor a row, InvalidInputError for a wrong parameter. */
export async function readAccountHistory(knex: Knex, pbx: string, username: string, parameters: QueryParameters, now: Micros): Promise<AccountHistory> {
  const { range: rangeName } = readParameters(historyParameters, parameters);
  const states = await readAccountsNamed(knex, pbx, username);
  if (states.length === 0 && !(await isNamed(knex, pbx, username))) throw new NotFoundError(`no account ${username} on ${pbx}`);
  const online = states.some((state) => state.online);
  // A name that two channel drivers share is on line while either has a contact.
  const decisive = states.filter((state) => state.online === online);
  const since = decisive.length === 0 || decisive.some((state) => state.since === null) ? null : decisive.reduce((first, state) => (online ? Math.min(first, state.since ?? first) : Math.max(first, state.since ?? 0)), online ? now : 0);
  const week = { from: now - LENGTHS['7d'], to: now };
  const unheard = await unheardOf(knex, pbx, week);
  const presence = await accountPresence(knex, { pbx, username, state: states.length === 0 ? null : { online, since } }, week, unheard);
  const range = { from: now - LENGTHS[rangeName], to: now };
  return {
    pbx,
    username,
    description: states.find(({ record }) => record.description !== null)?.record.description ?? null,
    states,
    online,
    since,
    rangeName,
    range,
    presence,
    figures: { '24h': presenceFigures(presence, { from: now - DAY, to: now }), '7d': presenceFigures(presence, week) },
    whereabouts: await whereabouts(knex, pbx, username),
    refusals: await refusedSignIns(knex, pbx, username, range),
  };
}

async function isNamed(knex: Knex, pbx: string, username: string): Promise<boolean> {
  const name = { pbx, username };
  return (await accountSessions(knex, name, 1)).length > 0 || (await accountCalls(knex, name, devicesOf(username, []), 1)).length > 0;
}
