import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { registeredAccounts } from '../registered-account/columns.js';
import { sipSessions } from '../sip-session/columns.js';
import { REFUSALS } from '../sip-session/refusals.js';
import { upperSnake } from '../sip-session/rows.js';
import type { Span } from './spans.js';

/** The words of refused rows. A proxy's own (`UserEvent: SipSession`) may be any other, and are not counted. */
export const WORDS: readonly string[] = [...REFUSALS].map(upperSnake);

// The port, where there is one, begins after the first colon, or after the bracket of an IPv6 address.
export const ADDRESS = `case when remote_address like '[%' then substr(remote_address, 1, instr(remote_address, ']')) when instr(remote_address, ':') = 0 then remote_address else substr(remote_address, 1, instr(remote_address, ':') - 1) end`;

export interface RefusedName {
  readonly name: string;
  readonly attempts: number;
  /** There is such an account on one of the PBXs. */
  readonly exists: boolean;
}

export interface RefusedAddress {
  /** Without the port; '' where the PBX told none. */
  readonly address: string;
  readonly attempts: number;
  readonly firstAt: Micros;
  readonly lastAt: Micros;
  /** How many names it tried, and the ones it tried most. */
  readonly nameCount: number;
  readonly names: readonly RefusedName[];
}

/** Registrations that the PBX turned away: each attempt counts once. */
export interface Refused {
  readonly attempts: number;
  readonly addressCount: number;
  readonly addresses: readonly RefusedAddress[];
  readonly nameCount: number;
  readonly names: readonly RefusedName[];
}

/** The refused registrations of `[from, to)`, the most active addresses and the most tried names first; counts are exact. */
export async function refused(knex: Knex, range: Span, mostAddresses = 10, mostNames = 10, namesEach = 4): Promise<Refused> {
  const byAddress = (await topOf(knex, addressesQuery(knex, range), 'address', mostAddresses)) as AddressRow[];
  const byName = (await topOf(knex, namesQuery(knex, range), 'peername', mostNames)) as NameRow[];
  const each = byAddress.length === 0 ? [] : ((await namesByAddress(knex, range, byAddress.map(({ address }) => address), namesEach)) as (NameRow & { address: string })[]);
  const exists = await accountsAmong(knex, [...byName, ...each].map(({ peername }) => peername));
  const toName = ({ peername, attempts }: NameRow): RefusedName => ({ name: peername, attempts: Number(attempts), exists: exists.has(peername) });
  return {
    attempts: Number(byAddress[0]?.total ?? 0),
    addressCount: Number(byAddress[0]?.groups ?? 0),
    addresses: byAddress.map(({ address, attempts, first_at, last_at }) => {
      const own = each.filter((row) => row.address === address);
      return {
        address,
        attempts: Number(attempts),
        firstAt: Number(first_at),
        lastAt: Number(last_at),
        nameCount: Number(own[0]?.groups ?? 0),
        names: own.map(toName),
      };
    }),
    nameCount: Number(byName[0]?.groups ?? 0),
    names: byName.map(toName),
  };
}

interface NameRow {
  readonly peername: string;
  readonly attempts: number | string;
  readonly groups: number | string;
}

interface AddressRow {
  readonly address: string;
  readonly attempts: number | string;
  readonly first_at: number | string;
  readonly last_at: number | string;
  readonly groups: number | string;
  readonly total: number | string;
}

// coalesce hides the column from MariaDB's optimizer, which would read all registrations by it, refused or not.
const rowsIn = (knex: Knex, { from, to }: Span): Knex.QueryBuilder =>
  knex(sipSessions.table).whereIn('details', WORDS).where('at', '>=', from).where('at', '<', to).whereRaw(`coalesce(event, '') = 'REGISTER'`);

export const addressesQuery = (knex: Knex, range: Span): Knex.QueryBuilder =>
  rowsIn(knex, range)
    .select(knex.raw(`${ADDRESS} as address`))
    .count({ attempts: '*' })
    .min({ first_at: 'at' })
    .max({ last_at: 'at' })
    .groupBy('address');

export const namesQuery = (knex: Knex, range: Span): Knex.QueryBuilder => rowsIn(knex, range).select('peername').count({ attempts: '*' }).groupBy('peername');

/** The groups with most attempts, each with how many groups there are and how many attempts in all. */
const topOf = (knex: Knex, groups: Knex.QueryBuilder, name: string, most: number): Knex.QueryBuilder =>
  knex
    .select('*', knex.raw('count(*) over () as ??', ['groups']), knex.raw('sum(attempts) over () as ??', ['total']))
    .from(groups.as('found'))
    .orderBy([{ column: 'attempts', order: 'desc' }, { column: name }])
    .limit(most);

function namesByAddress(knex: Knex, range: Span, addresses: readonly string[], most: number): Knex.QueryBuilder {
  const counted = rowsIn(knex, range)
    .whereRaw(`${ADDRESS} in (${addresses.map(() => '?').join(', ')})`, [...addresses])
    .select(knex.raw(`${ADDRESS} as address`), 'peername')
    .count({ attempts: '*' })
    .groupBy('address', 'peername');
  const ranked = knex
    .select('*', knex.raw('row_number() over (partition by address order by attempts desc, peername) as place'), knex.raw('count(*) over (partition by address) as ??', ['groups']))
    .from(counted.as('counted'));
  return knex.select('*').from(ranked.as('ranked')).where('place', '<=', most).orderBy([{ column: 'address' }, { column: 'place' }]);
}

async function accountsAmong(knex: Knex, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const rows = (await knex(registeredAccounts.table).distinct('username').whereIn('username', [...new Set(names)])) as { username: string }[];
  return new Set(rows.map(({ username }) => username));
}
