import type { Knex } from 'knex';
import { z } from 'zod';
import { NotFoundError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';
import { countList, type RowCount } from '../logs/count.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { listParameters } from '../logs/list-query.js';
import { listPage } from '../logs/listing.js';
import { oneOf, parametersOf, readParameters, wholeNumber, type QueryParameters } from '../logs/parameters.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { readAccount } from '../logs/registered-account/read.js';
import type { Micros } from '../time.js';
import { accountSchema, contactSchema, jsonAccount, jsonRecord, recordSchema, type JsonObject } from './api-forms.js';
import { idOf } from './id-of.js';
import { letterOf } from './letter-view.js';
import { parseApiQuery } from './listing-query.js';

export interface ApiRequest {
  readonly query: QueryParameters;
  /** The parts of the path that stand in braces. */
  readonly path: QueryParameters;
}

/** What the API answers at one address: the route, its document and its page are made from this. */
export interface Endpoint {
  /** Below `/api/v1`, as OpenAPI writes it: `/registered-accounts/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  /** The schemas that check what is asked. */
  readonly parameters: { readonly query: z.ZodType<unknown, Record<string, unknown>>; readonly path?: z.ZodObject };
  readonly answer: { readonly description: string; readonly schema: z.ZodType };
  /** Whether what is asked for can be missing. */
  readonly missing: boolean;
  /** Schemas that the document keeps under a name. */
  readonly named: Readonly<Record<string, z.ZodType>>;
  /** Throws InvalidInputError for a parameter that is wrong, NotFoundError for what is not there. */
  readonly respond: (knex: Knex, request: ApiRequest) => Promise<JsonObject>;
}

export const countSchema = z
  .strictObject({
    kind: z.enum(['exact', 'more than']).meta({ description: 'more than: rows beyond that are not counted.' }),
    rows: z.int().min(0),
  })
  .meta({ description: 'How many rows all pages have.' });

/** What a page of a list has besides its rows. */
export const pageShape = {
  next: z.string().nullable().meta({ description: 'The cursor of the next page. Absent on the last one.' }),
  previous: z.string().nullable().meta({ description: 'The cursor of the page that ends before the first row. Absent on the first one.' }),
  count: countSchema.nullable().meta({ description: 'How many rows all pages have. Absent where it was not asked for, unless this page is all there is; beside a cursor; and where counting would take too long.' }),
};

const countParameter = oneOf(['true', 'false']).optional().meta({ description: 'true: how many rows all pages have is counted, which can take longer than the page.' });
const ofCount = parametersOf('a list', { count: countParameter });

/** What a list is asked by: its own parameters, and whether it is counted. */
export const countedListParameters = (log: LogDefinition): z.ZodObject => listParameters(log).in.extend({ count: countParameter });

/** Whether a request asks for the count, by its parameter `count`. Throws InvalidInputError where it is neither true nor false. */
export const isCountAsked = (counted: unknown): boolean => counted !== undefined && readParameters(ofCount, { count: counted }).count === 'true';

/** Each log as a list of rows; `clock` says which day is today. */
export function listEndpoint(log: LogDefinition, clock: () => Micros): Endpoint {
  const record = recordSchema(log);
  return {
    path: `/${log.name}`,
    operationId: `list${pascal(log.name)}`,
    summary: log.title,
    description: log.about ?? log.title,
    parameters: { query: countedListParameters(log) },
    answer: {
      description: 'A page of the list.',
      schema: z.strictObject({ data: z.array(record).meta({ description: 'The rows, in the order asked for.' }), ...pageShape }),
    },
    missing: false,
    // The table is called as one row is.
    named: { [pascal(log.table)]: record, Count: countSchema },
    async respond(knex, { query: { count: counted, ...query } }) {
      const asked = parseApiQuery(log, query, clock());
      // Whoever goes through all pages has been told on the first.
      const isFirst = asked.after === null && asked.before === null;
      const wanted = isCountAsked(counted) && isFirst;
      const [{ records, next, previous }, all] = await Promise.all([listPage(knex, log, asked), wanted ? countList(knex, log, asked) : null]);
      const count: RowCount | null = isFirst && next === null ? { kind: 'exact', rows: records.length } : all;
      return { data: records.map((row) => jsonRecord(log, row)), next, previous, count: count && { ...count } };
    },
  };
}

const MAX_ID = 999_999_999_999_999;
const accountPath = z.strictObject({ id: wholeNumber(1, MAX_ID).meta({ description: 'The id in the list of registered accounts.', param: { example: 1 } }) });

const ofAccount = parametersOf('one account', {});

export const accountEndpoint: Endpoint = {
  path: `/${registeredAccounts.name}/{id}`,
  operationId: 'getRegisteredAccount',
  summary: 'One account',
  description: 'All that is known of one account, on line or not.',
  parameters: { query: ofAccount, path: accountPath },
  answer: { description: 'The account.', schema: accountSchema },
  missing: true,
  named: { Account: accountSchema, Contact: contactSchema },
  async respond(knex, { query, path }) {
    readParameters(ofAccount, query);
    const id = String(path['id']);
    const account = await readAccount(knex, idOf('account', id));
    if (!account) throw new NotFoundError(`no account ${id}`);
    return jsonAccount(account);
  },
};

const letterPath = z.strictObject({ id: wholeNumber(1, MAX_ID).meta({ description: 'The id in the list of dead letters.', param: { example: 1 } }) });
const ofLetter = parametersOf('one dead letter', {});
const letterSchema = z.strictObject({ ...recordSchema(deadLetters).shape, content: z.string().meta({ description: 'JSON: the event as it was heard, or the row as it was to be written.' }) });

export const letterEndpoint: Endpoint = {
  path: `/${deadLetters.name}/{id}`,
  operationId: 'getDeadLetter',
  summary: 'One dead letter',
  description: 'What could not become a row, whole.',
  parameters: { query: ofLetter, path: letterPath },
  answer: { description: 'The dead letter.', schema: letterSchema },
  missing: true,
  named: { DeadLetterContent: letterSchema },
  async respond(knex, { query, path }) {
    readParameters(ofLetter, query);
    const letter = await letterOf(knex, String(path['id']));
    return { ...jsonRecord(deadLetters, letter), content: letter.content };
  },
};

/** `sip-sessions` and `sip_session` as a name in programs: `SipSessions`, `SipSession`. */
const pascal = (name: string): string => name.replaceAll(/(?:^|[-_])(\w)/g, (_match, letter: string) => letter.toUpperCase());
