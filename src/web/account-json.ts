import { z } from 'zod';
import { FLAP } from '../logs/statistics/account-presence.js';
import type { Seen } from '../logs/statistics/account-history.js';
import { within, type Span } from '../logs/statistics/spans.js';
import { fromMs, MICROS_PER_SECOND, toIso, type Micros } from '../time.js';
import { HISTORIES, historyParameters, readAccountHistory, type AccountHistory, type HistoryName } from './account-history.js';
import type { Endpoint } from './api-endpoints.js';
import { accountSchema, isoSchema, jsonAccount } from './api-forms.js';

const instant = isoSchema(3);
const count = z.int().min(0);
const span = z.strictObject({ from: instant, to: instant.meta({ description: 'Not in it any more.' }) });
const seen = (value: string) => z.strictObject({ value: z.string().meta({ description: value }), firstAt: instant, lastAt: instant, events: count });
const figures = z.strictObject({
  lost: count.meta({ description: 'How often its registration was lost, so that it was off line.' }),
  flaps: count.meta({ description: `Of these the ones that were back within ${FLAP / MICROS_PER_SECOND} seconds, while the PBX was heard.` }),
  onLine: z.number().min(0).max(1).nullable().meta({ description: 'The part of what is known of the time in which it was on line. Absent where nothing is known.' }),
});

export const historySchema = z
  .strictObject({
    pbx: z.string(),
    username: z.string(),
    description: z.string().nullable().meta({ description: 'The name of the person or trunk, where the PBX has one.' }),
    online: z.boolean().meta({ description: 'Whether it has a contact.' }),
    since: instant.nullable().meta({ description: 'Since when it is on line or off line. Absent where nobody saw the change.' }),
    accounts: z.array(accountSchema).meta({ description: 'Its present state, one for each channel driver; none where only events are left of it.' }),
    figures: z.strictObject({ last24h: figures, last7d: figures }),
    range: z.strictObject({ name: z.enum(HISTORIES), ...span.shape }),
    registered: z.array(span).meta({ description: 'When it was on line in the range.' }),
    unknown: z.array(span).meta({ description: 'Times of the range of which nothing is known, because nobody listened.' }),
    losses: z
      .array(z.strictObject({ at: instant, back: instant.nullable().meta({ description: 'Absent while it is away.' }), details: z.string().nullable(), heard: z.boolean().meta({ description: 'Whether the PBX was heard all the time.' }) }))
      .meta({ description: 'Registrations lost in the range, in order.' }),
    userAgents: z.array(seen('The phone’s software.')).meta({ description: 'Latest first.' }),
    addresses: z.array(seen('Without the port.')).meta({ description: 'Where it came from, latest first.' }),
    lookedThroughSince: instant.nullable().meta({ description: 'Events older than this were not looked through for userAgents and addresses. Absent where all were.' }),
    refused: z
      .array(z.strictObject({ address: z.string(), attempts: count, firstAt: instant, lastAt: instant, reasons: z.array(z.string()) }))
      .meta({ description: 'Refused sign-ins with this name in the range, by address, most attempts first; the first 500 addresses.' }),
    refusedAttempts: count.meta({ description: 'All attempts, also those of addresses that are not listed.' }),
    refusedAddresses: count.meta({ description: 'How many addresses they came from.' }),
  })
  .meta({ description: 'All that is known of the account of one name, on line or not.' });

const accountPath = z.strictObject({
  pbx: z.string().meta({ description: 'The PBX, as the logs name it.', param: { example: 'asterisk' } }),
  username: z.string().meta({ description: 'The SIP user name.', param: { example: '909' } }),
});

export const accountHistoryEndpoint = (clock: () => Micros = () => fromMs(Date.now())): Endpoint => ({
  path: '/accounts/{pbx}/{username}',
  operationId: 'getAccountHistory',
  summary: 'One account by its name',
  description: 'The account of one name on one PBX, on line or not: its registrations over time, its phones and addresses, and who was refused with its name.',
  parameters: { query: historyParameters, path: accountPath },
  answer: { description: 'The account.', schema: historySchema },
  missing: true,
  named: { AccountHistory: historySchema },
  async respond(knex, { query, path }) {
    return jsonHistory(await readAccountHistory(knex, String(path['pbx']), String(path['username']), query, clock()));
  },
});

const jsonSpan = ({ from, to }: Span): { from: string; to: string } => ({ from: toIso(from), to: toIso(to) });
const jsonSeen = ({ value, firstAt, lastAt, events }: Seen): { value: string; firstAt: string; lastAt: string; events: number } => ({ value, firstAt: toIso(firstAt), lastAt: toIso(lastAt), events });
const figuresOf = ({ figures: all }: AccountHistory, name: HistoryName): z.output<typeof figures> => ({ ...all[name] });

function jsonHistory(history: AccountHistory): z.output<typeof historySchema> {
  const { range, presence } = history;
  return {
    pbx: history.pbx,
    username: history.username,
    description: history.description,
    online: history.online,
    since: history.since === null ? null : toIso(history.since),
    accounts: history.states.map(jsonAccount) as z.output<typeof accountSchema>[],
    figures: { last24h: figuresOf(history, '24h'), last7d: figuresOf(history, '7d') },
    range: { name: history.rangeName, ...jsonSpan(range) },
    registered: within(presence.onLine, range).map(jsonSpan),
    unknown: within(presence.unknown, range).map(jsonSpan),
    losses: presence.losses
      .filter(({ at }) => at >= range.from)
      .map(({ at, back, details, heard }) => ({ at: toIso(at), back: back === null ? null : toIso(back), details: details || null, heard })),
    userAgents: history.whereabouts.userAgents.map(jsonSeen),
    addresses: history.whereabouts.addresses.map(jsonSeen),
    lookedThroughSince: history.whereabouts.since === null ? null : toIso(history.whereabouts.since),
    refused: history.refusals.addresses.map(({ address, attempts, firstAt, lastAt, reasons }) => ({ address, attempts, firstAt: toIso(firstAt), lastAt: toIso(lastAt), reasons: [...reasons] })),
    refusedAttempts: history.refusals.attempts,
    refusedAddresses: history.refusals.addressCount,
  };
}
