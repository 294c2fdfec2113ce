import type { Knex } from 'knex';
import { NotFoundError } from '../errors.js';
import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { gapsBetween } from '../logs/capture-gap/store.js';
import { readCall, readCalls } from '../logs/cdr/calls.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import { legStories, partiesOf, type LegStory, type Party } from '../logs/cdr/leg-phases.js';
import { oneOf, parametersOf, readParameters, text, type QueryParameters } from '../logs/parameters.js';
import { readAccountsNamed } from '../logs/registered-account/read.js';
import { eventsAround, lastStanding, type EventsAround, type SessionEvent } from '../logs/sip-session/around.js';
import type { Span } from '../logs/statistics/spans.js';
import { unheardOf } from '../logs/statistics/unheard.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { idOf } from './id-of.js';

/** How far around a call one looks. */
export const AROUND = ['1m', '10m', '1h'] as const;
export type Around = (typeof AROUND)[number];

const MARGINS: Readonly<Record<Around, Micros>> = { '1m': 60 * MICROS_PER_SECOND, '10m': 600 * MICROS_PER_SECOND, '1h': 3_600 * MICROS_PER_SECOND };
/** A registration that nothing was heard of for so long tells nothing any more. */
const LOOK_BACK: Micros = 30 * 86_400 * MICROS_PER_SECOND;
const MOST_ACCOUNTS = 20;
const MOST_GAPS = 200;

/** What is asked of one call. */
export const callParameters = parametersOf('one call', {
  pbx: text().optional().meta({ description: 'The PBX that it is of, where several have a call of this linkedid. Without it the newest.' }),
  around: oneOf(AROUND).default('1m').meta({ description: 'How long before and after the call its accounts are looked at: a minute, ten, or an hour.' }),
});

/** What an account of the call did around it. */
export interface PartyAccount extends Party {
  /** The person or trunk behind it, where the PBX has a name. */
  readonly description: string | null;
  /** Whether the PBX is known to have such an account. */
  readonly known: boolean;
  /** The last row before the call that says whether it is on line; null where there is none in a month. */
  readonly before: SessionEvent | null;
  /** Whether the PBX was heard all the time from that row until the call. */
  readonly heardSince: boolean;
  /** When it was on line in the window, as far as rows tell. */
  readonly onLine: readonly Span[];
  readonly offLine: readonly Span[];
}

/** A call, and what happened around it. */
export interface CallDetail {
  readonly call: FoldedCall;
  readonly stories: readonly LegStory[];
  readonly around: Around;
  /** From so long before the call to so long after it. */
  readonly window: Span;
  readonly accounts: readonly PartyAccount[];
  readonly events: EventsAround;
  /** What is missing in that time, oldest first. */
  readonly gaps: readonly CaptureGap[];
}

/**
 * One call and its surroundings. `name` is its linkedid, the uniqueid of a leg without one, or `leg-42` for a leg without
 * either. Throws NotFoundError where there is no such call, InvalidInputError for a wrong parameter.
 */
export async function readCallDetail(knex: Knex, name: string, parameters: QueryParameters, now: Micros): Promise<CallDetail> {
  const { pbx, around } = readParameters(callParameters, parameters);
  const call = await findCall(knex, name, pbx);
  const window = { from: call.begin - MARGINS[around], to: call.end + MARGINS[around] };
  const parties: Omit<PartyAccount, 'onLine' | 'offLine'>[] = [];
  for (const party of partiesOf(call).slice(0, MOST_ACCOUNTS)) parties.push(await partyOf(knex, call, party));
  // A number is not an account because it was dialled.
  const own = parties.filter(({ by, known }) => by === 'channel' || known);
  const events = await eventsAround(knex, call.pbx, own.map(({ name }) => name), window);
  const accounts: PartyAccount[] = [];
  for (const party of own) {
    const before = await lastStanding(knex, call.pbx, party.name, window.from, window.from - LOOK_BACK);
    const rows = events.events.filter(({ row }) => row.peername === party.name);
    accounts.push({ ...party, ...standings(before, rows, { from: window.from, to: Math.min(window.to, now) }) });
  }
  const gaps = await gapsBetween(knex, window.from, window.to, MOST_GAPS);
  return { call, stories: legStories(call), around, window, accounts, events, gaps: gaps.filter((gap) => gap.pbx === call.pbx).reverse() };
}

async function findCall(knex: Knex, name: string, pbx: string | undefined): Promise<FoldedCall> {
  const leg = /^leg-(\d+)$/.exec(name)?.[1];
  const found = leg === undefined ? await readCalls(knex, name) : [await readCall(knex, idOf('call', leg))];
  const call = found.find((one) => one !== null && (pbx === undefined || one.pbx === pbx));
  if (!call) throw new NotFoundError(`no call ${name}`);
  return call;
}

async function partyOf(knex: Knex, call: FoldedCall, party: Party): Promise<Omit<PartyAccount, 'onLine' | 'offLine'>> {
  const { name } = party;
  const states = await readAccountsNamed(knex, call.pbx, name);
  const before = await lastStanding(knex, call.pbx, name, call.begin, call.begin - LOOK_BACK);
  const unheard = before === null ? [] : await unheardOf(knex, call.pbx, { from: before.row.timestamp, to: Math.max(call.begin, before.row.timestamp + 1) });
  return {
    ...party,
    description: states.find(({ record }) => record.description !== null)?.record.description ?? before?.row.account ?? null,
    known: states.length > 0 || before !== null,
    before,
    heardSince: unheard.length === 0,
  };
}

/** When an account was on line and off line in a stretch of time; before the first row that tells, neither. */
export function standings(before: SessionEvent | null, events: readonly SessionEvent[], { from, to }: Span): Pick<PartyAccount, 'onLine' | 'offLine'> {
  const spans = { on: [] as Span[], off: [] as Span[] };
  let standing = before?.standing ?? null;
  let since = from;
  const close = (at: Micros): void => {
    if (standing !== null && at > since) spans[standing].push({ from: since, to: at });
    since = at;
  };
  for (const event of events) {
    if (event.standing === null) continue;
    // Whoever leaves was there, also where the row that says so is older than what was read.
    if (standing === null && event.standing === 'off') standing = 'on';
    close(event.row.timestamp);
    standing = event.standing;
  }
  close(to);
  return { onLine: spans.on, offLine: spans.off };
}
