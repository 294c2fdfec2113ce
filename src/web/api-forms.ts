import { z } from 'zod';
import { blankOf, choicesOf, maxLengthOf, type Column, type ColumnType, type LogDefinition, type LogRecord, type Value } from '../logs/columns.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import type { AccountDetail } from '../logs/registered-account/read.js';
import { toIso, type Micros } from '../time.js';
import { candidateNames } from './cells.js';

export type Json = Value | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** How the API writes the values of a type, and the schema of what it writes. */
interface Form {
  readonly write: (value: NonNullable<Value>) => Json;
  readonly schema: (column: Omit<Column, 'db'>) => z.ZodType;
  /** What the type alone does not tell. */
  readonly unit?: string;
}

const asItIs = (value: NonNullable<Value>): Json => value;
export const isoSchema = (digits: 3 | 6): z.ZodType<string> =>
  z.string().regex(new RegExp(`^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{${digits}}Z$`)).meta({ format: 'date-time' });

const FORMS: Readonly<Record<ColumnType, Form>> = {
  id: { write: asItIs, schema: () => z.int().min(1) },
  text: {
    write: asItIs,
    schema: (column) => {
      const choices = choicesOf(column);
      return choices ? z.enum(choices) : z.string().max(maxLengthOf(column));
    },
  },
  integer: { write: asItIs, schema: () => z.int() },
  seconds: { write: asItIs, schema: () => z.int(), unit: 'In whole seconds.' },
  flag: { write: asItIs, schema: () => z.boolean() },
  instant: { write: (value) => toIso(Number(value)), schema: () => isoSchema(3), unit: 'UTC, to the millisecond.' },
  'precise-instant': { write: (value) => toIso(Number(value), 'us'), schema: () => isoSchema(6), unit: 'UTC, to the microsecond.' },
};

/** A record as JSON has it: the log's columns in their order, instants in ISO 8601 and UTC, null for what is absent. */
export function jsonRecord(log: LogDefinition, record: LogRecord): JsonObject {
  return jsonColumns(log.columns, record);
}

type Described = Omit<Column, 'db'>;

/** The same of columns that no table has. */
export function jsonColumns(columns: DescribedColumns, record: LogRecord): JsonObject {
  const { blank, writers } = writingOf(columns);
  const json = { ...blank };
  for (const { name, write } of writers) json[name] = write(record[name] ?? null);
  return json;
}

type DescribedColumns = Readonly<Record<string, Described>>;
type Writer = (value: Value) => Json;

interface Writing {
  readonly blank: Readonly<Record<string, Json>>;
  readonly writers: readonly { readonly name: string; readonly write: Writer }[];
}

// A page of a list has a thousand cells and more.
const writings = new WeakMap<DescribedColumns, Writing>();

function writingOf(columns: DescribedColumns): Writing {
  const known = writings.get(columns) ?? { blank: blankOf(Object.keys(columns)), writers: Object.entries(columns).map(([name, column]) => ({ name, write: writerOf(column) })) };
  writings.set(columns, known);
  return known;
}

function writerOf({ list, type }: Described): Writer {
  if (list) return candidateNames;
  const { write } = FORMS[type];
  return write === asItIs ? (value) => value : (value) => (value === null ? null : write(value));
}

/** The schema of what `jsonRecord` gives. */
export function recordSchema(log: LogDefinition): z.ZodObject {
  return z.strictObject(recordShape(log)).meta(log.about === undefined ? {} : { description: log.about });
}

const recordShape = (log: LogDefinition): Record<string, z.ZodType> => columnsShape(log.columns);

/** The schemas of what `jsonColumns` gives. */
export const columnsShape = (columns: DescribedColumns): Record<string, z.ZodType> =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, columnSchema(column)]));

function columnSchema(column: Described): z.ZodType {
  const { schema, unit } = FORMS[column.type];
  const description = [column.about, unit].filter((text) => text !== undefined).join(' ');
  const form = column.list ? z.array(z.string()) : column.optional ? schema(column).nullable() : schema(column);
  return form.meta({ title: column.title, ...(description === '' ? {} : { description }) });
}

const time = (about: string): { description: string } => ({ description: `${about} ${FORMS.instant.unit ?? ''}` });

export const contactSchema = z
  .strictObject({
    uri: z.string().meta({ description: 'What the phone claims to be reached by.' }),
    callId: z.string().nullable().meta({ description: 'Call-ID of the registration.' }),
    remoteAddress: z.string().nullable().meta({ description: 'address:port seen on the wire, without the port where the PBX did not say it. Absent while only the phone’s own claim is known.' }),
    transport: z.enum(['UDP', 'TCP', 'TLS', 'WS', 'WSS']).nullable(),
    userAgent: z.string().nullable().meta({ description: 'The phone’s software.' }),
    expiresAt: isoSchema(3).nullable().meta(time('When the registration ends.')),
    status: z.string().meta({ description: 'The word of the PBX: Reachable, Unreachable, NonQualified.' }),
    registeredAt: isoSchema(3).nullable().meta(time('When it began. Absent where nobody saw it.')),
  })
  .meta({ description: 'A phone that is registered for an account.' });

const accountShape = {
  channelType: z.string().meta({ description: 'The channel driver: PJSIP, SIP or IAX2.' }),
  online: z.boolean().meta({ description: 'Whether it has a contact.' }),
  since: isoSchema(3).nullable().meta(time('Since when it is on line or off line. Absent where nobody saw the change.')),
  updatedAt: isoSchema(3).meta(time('When the last change was seen.')),
  contacts: z.array(contactSchema).meta({ description: 'Newest first.' }),
};

/** The schema of what `jsonAccount` gives. */
export const accountSchema = z
  .strictObject({ ...recordShape(registeredAccounts), ...accountShape })
  .meta({ description: 'All that is known of one account, on line or not.' });

export function jsonAccount({ record, channelType, online, since, updatedAt, contacts }: AccountDetail): JsonObject {
  const isoOrNull = (at: Micros | null): string | null => (at === null ? null : toIso(at));
  const state: z.output<z.ZodObject<typeof accountShape>> = {
    channelType,
    online,
    since: isoOrNull(since),
    updatedAt: toIso(updatedAt),
    contacts: contacts.map((contact) => ({ ...contact, expiresAt: isoOrNull(contact.expiresAt), registeredAt: isoOrNull(contact.registeredAt) })),
  };
  return { ...jsonRecord(registeredAccounts, record), ...state };
}

/** The schema of what every error says (`answerFailure`). */
export const errorSchema = z.strictObject({
  error: z.strictObject({
    parameter: z.string().nullable().meta({ description: 'The parameter at fault. Absent where it is none.' }),
    message: z.string().meta({ description: 'For people: what is wrong, and what is right.' }),
  }),
});
