import { z } from 'zod';
import { InvalidInputError } from '../errors.js';
import { ISO, parseIso, type Micros } from '../time.js';

/** What a query string gives: a text by name, a list of them where a name stands more than once. */
export type QueryParameters = Readonly<Record<string, unknown>>;

/** What a parameter that is wrong must be told; a message follows the parameter's name. */
const says = (reason: string): { error: (issue: { readonly input?: unknown }) => string } => ({
  error: ({ input }) => {
    if (Array.isArray(input)) return 'is given more than once';
    return typeof input === 'object' ? 'must be a single value' : reason;
  },
});

export const text = (): z.ZodType<string> => z.string(says('must be a single value'));

/** A device such as PJSIP/200. Its channels are called so, and numbered. */
export const device = (): z.ZodType<string> => text().refine((value) => !/^(?:PJ)?SIP\/.*-[\da-f]{8}$/.test(value), 'must be a device such as PJSIP/200, without the number of a single channel');

export const oneOf = <const V extends string>(values: readonly V[]): z.ZodType<V> => z.enum(values, says(`must be one of ${values.join(', ')}`));

/** A whole number in decimal digits, from `least` to `most`. */
export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const wrong = says(`must be a whole number from ${least} to ${most}`);
  const digits = (value: unknown): unknown => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  return z.preprocess(digits, z.int(wrong).min(least, wrong).max(most, wrong));
}

/** An instant in ISO 8601 as `parseIso` reads it. */
export function instant(): z.ZodType<Micros> {
  const wrong = 'must be an instant such as 2026-05-10T17:12:24Z';
  return z
    .string(says(wrong))
    .regex(ISO, wrong)
    .transform((value, context) => {
      const at = parseIso(value);
      if (at !== null) return at;
      context.addIssue({ code: 'custom', message: wrong });
      return z.NEVER;
    })
    .meta({ title: 'instant' });
}

/** All parameters that `owner` takes. One that is not among them is an error: a filter spelled wrong must not answer with everything. */
export function parametersOf<const S extends z.ZodRawShape>(owner: string, shape: S): z.ZodObject<S, z.core.$strict> {
  const names = Object.keys(shape).join(', ');
  const unknown = `is no parameter of ${owner}; ${names === '' ? 'it takes none' : `there are ${names}`}`;
  return z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? unknown : undefined) });
}

/**
 * Reads a query string. Empty values count as absent, as an HTML form sends them. Throws
 * InvalidInputError that names a parameter which is wrong, or unknown.
 */
export function readParameters<T>(schema: z.ZodType<T>, parameters: QueryParameters): T {
  const result = schema.safeParse(present(parameters));
  if (result.success) return result.data;
  const { issues } = result.error;
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  const issue = unknown ?? issues[0];
  throw new InvalidInputError(unknown?.keys[0] ?? String(issue?.path[0] ?? ''), issue?.message ?? 'is wrong');
}

function present(parameters: QueryParameters): QueryParameters {
  const trimmed = Object.entries(parameters).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== '' && value !== undefined));
}
