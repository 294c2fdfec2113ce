import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import type { LogDefinition } from '../logs/columns.js';
import { parametersOf, readParameters } from '../logs/parameters.js';
import { fromMs, type Micros } from '../time.js';
import { accountEndpoint, letterEndpoint, listEndpoint, type Endpoint } from './api-endpoints.js';
import { errorSchema, type JsonObject } from './api-forms.js';
import { SESSION_COOKIE } from './sessions.js';

export const API_ROOT = '/api/v1';

/** The JSON API of some logs: its endpoints, and the OpenAPI document of them all, which one of them answers with. */
export interface Api {
  readonly endpoints: readonly Endpoint[];
  readonly document: OpenApiDocument;
}

export type OpenApiDocument = ReturnType<typeof createDocument>;

export function apiOf(logs: readonly LogDefinition[], others: readonly Endpoint[] = [], clock: () => Micros = () => fromMs(Date.now())): Api {
  const endpoints: Endpoint[] = [...others, ...logs.map((log) => listEndpoint(log, clock)), accountEndpoint, letterEndpoint, documentEndpoint(() => made.document)];
  let document: OpenApiDocument | null = null;
  const made: Api = {
    endpoints,
    // Made when somebody reads it: it takes as long as all other parts of the console together.
    get document() {
      return (document ??= describe(endpoints));
    },
  };
  return made;
}

const ofDocument = parametersOf('openapi.json', {});

const documentEndpoint = (document: () => OpenApiDocument): Endpoint => ({
  path: '/openapi.json',
  operationId: 'getOpenApiDocument',
  summary: 'This document',
  description: 'The OpenAPI 3.1 document of this API.',
  parameters: { query: ofDocument },
  answer: { description: 'The document.', schema: z.looseObject({ openapi: z.string().meta({ description: 'The version of OpenAPI.' }) }) },
  missing: false,
  named: {},
  respond(_knex, { query }) {
    readParameters(ofDocument, query);
    return Promise.resolve(document() as unknown as JsonObject);
  },
});

const ABOUT = [
  'The logs as JSON, read only. Sign in by HTTP Basic with the name and password of a console user; a browser’s session is good too.',
  'A list answers with at most limit rows, and with next: give it back as cursor for the next page, until it is null. previous leads back the same way.',
  'Instants are ISO 8601 in UTC; what is absent is null.',
  'A parameter that is wrong or unknown is a 400 that names it: every error is {"error": {"parameter": "from", "message": "…"}}, where parameter may be null.',
].join('\n\n');

const failure = (description: string, header?: readonly [string, string, 'integer' | 'string']): ZodOpenApiResponseObject => ({
  description,
  ...(header ? { headers: { [header[0]]: { description: header[1], required: true, schema: { type: header[2] } } } } : {}),
  content: { 'application/json': { schema: errorSchema } },
});

const RETRY = ['Retry-After', 'Seconds to wait.', 'integer'] as const;

/** What `failureOf` makes of errors, by the name that the document keeps it under. */
const FAILURES = {
  BadRequest: failure('A parameter is wrong, unknown or given twice; parameter names it.'),
  Unauthorized: failure('No sign-in, or a wrong one.', ['WWW-Authenticate', 'Asks for HTTP Basic.', 'string']),
  NotFound: failure('There is nothing at this address.'),
  TooManyRequests: failure('Too many failed sign-ins with this name or from this address.', RETRY),
  InternalServerError: failure('Something went wrong; Logbook’s log says more.'),
  ServiceUnavailable: failure('The database cannot be reached, or took too long. Nothing is lost; try again.', RETRY),
};

const failsWith = (name: keyof typeof FAILURES): { $ref: string } => ({ $ref: `#/components/responses/${name}` });

function describe(endpoints: readonly Endpoint[]): OpenApiDocument {
  return createDocument(
    {
      openapi: '3.1.1',
      info: { title: 'Logbook for Asterisk', version: '1', description: ABOUT },
      servers: [{ url: API_ROOT }],
      security: [{ basic: [] }, { session: [] }],
      paths: Object.fromEntries(endpoints.map((endpoint) => [endpoint.path, { get: operation(endpoint) }])),
      components: {
        schemas: { ...Object.fromEntries(endpoints.flatMap(({ named }) => Object.entries(named))), Error: errorSchema },
        responses: FAILURES,
        securitySchemes: {
          basic: { type: 'http', scheme: 'basic', description: 'A console user.' },
          session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'A browser that is signed in to the console.' },
        },
      },
    },
    { override: ({ jsonSchema }) => withoutSafeBounds(jsonSchema) },
  );
}

const operation = (endpoint: Endpoint): ZodOpenApiOperationObject => ({
  operationId: endpoint.operationId,
  summary: endpoint.summary,
  description: endpoint.description,
  requestParams: endpoint.parameters,
  responses: {
    200: { description: endpoint.answer.description, content: { 'application/json': { schema: endpoint.answer.schema } } },
    400: failsWith('BadRequest'),
    401: failsWith('Unauthorized'),
    ...(endpoint.missing ? { 404: failsWith('NotFound') } : {}),
    429: failsWith('TooManyRequests'),
    500: failsWith('InternalServerError'),
    503: failsWith('ServiceUnavailable'),
  },
});

// zod says of every whole number that JavaScript can hold it, which tells a reader nothing.
function withoutSafeBounds(schema: { minimum?: number; maximum?: number }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
