import { z } from 'zod';
import { captureGaps } from '../logs/capture-gap/columns.js';
import { CALL_COLUMNS, callRecord, calls as callList } from '../logs/cdr/call-columns.js';
import { countCalls } from '../logs/cdr/call-count.js';
import { listCalls } from '../logs/cdr/calls.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import { secondsOf } from '../logs/cdr/leg-phases.js';
import type { RowCount } from '../logs/count.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { fromMs, toIso, type Micros } from '../time.js';
import { countedListParameters, countSchema, isCountAsked, pageShape, type Endpoint } from './api-endpoints.js';
import { columnsShape, isoSchema, jsonColumns, jsonRecord, recordSchema, type Json, type JsonObject } from './api-forms.js';
import { AROUND, callParameters, readCallDetail, type CallDetail } from './call-detail.js';
import { parseApiQuery } from './listing-query.js';

const columns = Object.fromEntries(Object.entries(CALL_COLUMNS).filter(([name]) => name !== 'legs'));
const leg = recordSchema(cdrs);
const session = recordSchema(sipSessions);
const gap = recordSchema(captureGaps);

const callShape = {
  id: z.int().min(1).meta({ description: 'Of the leg that began first.' }),
  ...columnsShape(columns),
};
export const callSchema = z
  .strictObject({ ...callShape, legs: z.array(leg).meta({ description: 'Its CDRs, earliest first.' }) })
  .meta({ description: 'One call with all its legs.' });

const seconds = (description: string): z.ZodNumber => z.number().min(0).meta({ description });
const span = z.strictObject({ from: isoSchema(3), to: isoSchema(3).meta({ description: 'Not in it any more.' }) });

export const callDetailSchema = z
  .strictObject({
    ...callShape,
    legs: z.array(
      z.strictObject({
        ...leg.shape,
        ringSeconds: seconds('How long the party rang. Where the line was answered before, the PBX does not tell it, and it is 0.'),
        talkSeconds: seconds('How long the party that took it was connected.'),
        lineSeconds: seconds('How long the line was up with the PBX alone: announcement, queue, voicemail.'),
        queue: z.string().nullable().meta({ description: 'The queue that sought the party.' }),
        goesOnFrom: z.int().min(1).nullable().meta({ description: 'The number, from 1, of the leg whose line went on here after people had talked there: a transfer, or the next step of the dial plan.' }),
      }),
    ),
    around: z.enum(AROUND),
    window: span,
    accounts: z
      .array(
        z.strictObject({
          username: z.string(),
          description: z.string().nullable(),
          by: z.enum(['channel', 'dialled', 'number']).meta({ description: 'By what it is taken to be of the call: a channel of it, what Dial was told to ring, or no more than its number.' }),
          before: z
            .strictObject({ online: z.boolean(), heardSince: z.boolean().meta({ description: 'Whether the PBX was heard all the time from then until the call.' }), event: session })
            .nullable()
            .meta({ description: 'The last event before the call that says whether the account was on line. Absent where there is none in a month.' }),
          online: z.array(span).meta({ description: 'When it was on line in the window, as far as events tell.' }),
          offline: z.array(span),
        }),
      )
      .meta({ description: 'The accounts whose phones or trunks had a part in the call.' }),
    events: z.array(session).meta({ description: 'What these accounts did in the window, and connections that may be theirs (candidates); oldest first.' }),
    complete: z.boolean().meta({ description: 'False: there are more events than are given.' }),
    gaps: z.array(gap).meta({ description: 'What of the window nobody listened to, or was left out.' }),
  })
  .meta({ description: 'One call, its legs, and what its accounts did around it.' });

const jsonCall = (call: FoldedCall): JsonObject => ({ id: call.id, ...jsonColumns(columns, callRecord(call)) });
const jsonSpan = ({ from, to }: { readonly from: Micros; readonly to: Micros }): JsonObject => ({ from: toIso(from), to: toIso(to) });

export const callsEndpoint = (clock: () => Micros = () => fromMs(Date.now())): Endpoint => ({
  path: '/calls',
  operationId: 'listCalls',
  summary: 'Whole calls',
  description: 'Every call once, with its legs: the CDRs of queues, ring groups and transfers that have one linkedid. A page can be short, or empty, and still have a next one.',
  parameters: { query: countedListParameters(callList) },
  answer: {
    description: 'A page of the list.',
    schema: z.strictObject({ data: z.array(callSchema).meta({ description: 'The calls, in the order asked for.' }), ...pageShape }),
  },
  missing: false,
  named: { Call: callSchema, Count: countSchema },
  async respond(knex, { query: { count: counted, ...query } }) {
    const asked = parseApiQuery(callList, query, clock());
    const isFirst = asked.after === null && asked.before === null;
    const wanted = isCountAsked(counted) && isFirst;
    const [{ calls, next, previous }, all] = await Promise.all([listCalls(knex, asked), wanted ? countCalls(knex, asked) : null]);
    const count: RowCount | null = isFirst && next === null ? { kind: 'exact', rows: calls.length } : all;
    return { data: calls.map((call) => ({ ...jsonCall(call), legs: call.legs.map((one) => jsonRecord(cdrs, one)) })), next, previous, count: count && { ...count } };
  },
});

const callPath = z.strictObject({
  linkedid: z.string().meta({ description: 'The call’s linkedid; the uniqueid of a leg that has none; leg-42 for the leg of id 42 that has neither.', param: { example: '1778414400.36' } }),
});

export const callEndpoint = (clock: () => Micros = () => fromMs(Date.now())): Endpoint => ({
  path: '/calls/{linkedid}',
  operationId: 'getCall',
  summary: 'One call',
  description: 'One call: its legs, how long each rang and talked, and what its accounts did around it.',
  parameters: { query: callParameters, path: callPath },
  answer: { description: 'The call.', schema: callDetailSchema },
  missing: true,
  named: { CallDetail: callDetailSchema },
  async respond(knex, { query, path }) {
    return jsonCallDetail(await readCallDetail(knex, String(path['linkedid']), query, clock()));
  },
});

function jsonCallDetail({ call, stories, around, window, accounts, events, gaps }: CallDetail): JsonObject {
  return {
    ...jsonCall(call),
    legs: stories.map(
      (story): Json => ({
        ...jsonRecord(cdrs, story.leg),
        ringSeconds: secondsOf(story, 'ring'),
        talkSeconds: secondsOf(story, 'talk'),
        lineSeconds: secondsOf(story, 'line'),
        queue: story.queue,
        goesOnFrom: story.goesOnFrom,
      }),
    ),
    around,
    window: jsonSpan(window),
    accounts: accounts.map(({ name, by, description, before, heardSince, onLine, offLine }) => ({
      username: name,
      description,
      by,
      before: before && { online: before.standing === 'on', heardSince, event: jsonRecord(sipSessions, before.row) },
      online: onLine.map(jsonSpan),
      offline: offLine.map(jsonSpan),
    })),
    events: events.events.map(({ row }) => jsonRecord(sipSessions, row)),
    complete: events.complete,
    gaps: gaps.map((one) => jsonRecord(captureGaps, one)),
  };
}
