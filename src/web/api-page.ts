import type { RequestHandler } from 'express';
import { API_ROOT, type Api, type OpenApiDocument } from './api-document.js';
import { languageOf } from './language.js';
import type { Views } from './views.js';

interface ParameterView {
  readonly name: string;
  readonly required: boolean;
  readonly type: string;
  readonly preset: string;
  readonly meaning: string;
}

interface FieldView {
  /** As one would reach it: `data[].callDate`. */
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
}

export interface EndpointView {
  readonly anchor: string;
  readonly path: string;
  readonly title: string;
  readonly about: string;
  readonly curl: string;
  readonly parameters: readonly ParameterView[];
  readonly fields: readonly FieldView[];
  readonly failures: readonly { readonly status: string; readonly meaning: string }[];
}

/** All that the page about the API shows, read from its document. */
export interface ApiView {
  readonly about: readonly string[];
  readonly documentHref: string;
  readonly endpoints: readonly EndpointView[];
}

/** The API's document as a page for people: what stands in the document is English, as scripts are. */
export function apiPage(views: Views, described: Pick<Api, 'document'>): RequestHandler {
  return async (request, response) => {
    const view = apiView(described.document, `${request.protocol}://${request.host}`, response.locals.user?.username ?? 'admin');
    await views.render(request, response, 'api', { title: languageOf(response).t('JSON API'), view: { api: view } });
  };
}

/** `origin` and `username` are for the examples. */
export function apiView(document: OpenApiDocument, origin: string, username: string): ApiView {
  const { info, paths, components } = document as unknown as Document;
  return {
    about: info.description.split('\n\n'),
    documentHref: `${API_ROOT}/openapi.json`,
    endpoints: Object.entries(paths).map(([path, { get }]) => ({
      anchor: get.operationId,
      path: `${API_ROOT}${path}`,
      title: get.summary,
      about: get.description,
      curl: `curl -u ${shellWord(username)} ${shellWord(`${origin}${API_ROOT}${exampleAddress(path, get.parameters ?? [])}`)}`,
      parameters: (get.parameters ?? []).map(parameterView),
      fields: fieldsOf(get.responses['200']?.content?.['application/json'].schema ?? {}, '', components.schemas),
      failures: Object.entries(get.responses)
        .filter(([status]) => status !== '200')
        .map(([status, { $ref }]) => ({ status, meaning: components.responses[lastPart($ref)]?.description ?? '' })),
    })),
  };
}

// What the document holds, as `describe` writes it; its own type allows for all of OpenAPI.
interface Document {
  readonly info: { readonly description: string };
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Schemas; readonly responses: Readonly<Record<string, Answer>> };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: string | number;
  readonly schema: Schema;
}

interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: { readonly 'application/json': { readonly schema: Schema } };
}

type Schemas = Readonly<Record<string, Schema>>;

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: string | number;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Schemas;
}

const parameterView = ({ name, required = false, description = '', schema }: Parameter): ParameterView => ({
  name,
  required,
  type: schema.title ?? typeText(schema, {}),
  preset: String(schema.default ?? ''),
  meaning: description,
});

function fieldsOf(given: Schema, prefix: string, schemas: Schemas): FieldView[] {
  const schema = valueOf(given, schemas);
  if (schema.items) return fieldsOf(schema.items, `${prefix}[]`, schemas);
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    return [{ name, type: typeText(property, schemas), meaning: meaningOf(property) }, ...fieldsOf(property, name, schemas)];
  });
}

// The title is what the pages call a column.
const meaningOf = ({ title, description }: Schema): string => [title, description].filter(Boolean).join('. ');

/** The schema of a value that is there, behind references and beside null. */
function valueOf(schema: Schema, schemas: Schemas): Schema {
  if (schema.$ref !== undefined) return valueOf(schemas[lastPart(schema.$ref)] ?? {}, schemas);
  const value = schema.anyOf?.find(({ type }) => type !== 'null');
  return value ? valueOf(value, schemas) : schema;
}

function typeText(given: Schema, schemas: Schemas): string {
  const orNull = given.anyOf?.some(({ type }) => type === 'null') || typesOf(given).includes('null') ? ', or null' : '';
  return `${plainType(valueOf(given, schemas), schemas)}${orNull}`;
}

const typesOf = ({ type = [] }: Schema): readonly string[] => (typeof type === 'string' ? [type] : type);

function plainType(schema: Schema, schemas: Schemas): string {
  const { minimum, maximum } = schema;
  const type = typesOf(schema).find((name) => name !== 'null') ?? '';
  if (schema.enum) return schema.enum.join(', ');
  if (schema.items) return `list of ${typeText(schema.items, schemas)}s`;
  if (type === 'integer') {
    const from = minimum === undefined ? '' : ` from ${minimum}`;
    return `whole number${from}${maximum === undefined ? '' : ` to ${maximum}`}`;
  }
  if (type === 'boolean') return 'true, false';
  if (type !== 'string') return type;
  if (schema.format === 'date-time') return 'instant';
  return schema.maxLength === undefined ? 'text' : `text, at most ${schema.maxLength} characters`;
}

function exampleAddress(path: string, parameters: readonly Parameter[]): string {
  const given = parameters.flatMap((parameter) => (parameter.example === undefined ? [] : [{ ...parameter, example: String(parameter.example) }]));
  const query = new URLSearchParams(given.filter((parameter) => parameter.in === 'query').map(({ name, example }): [string, string] => [name, example])).toString();
  const filled = given.filter((parameter) => parameter.in === 'path').reduce((text, { name, example }) => text.replace(`{${name}}`, example), path);
  return query === '' ? filled : `${filled}?${query}`;
}

/** A word that a shell takes as it is, whoever chose it. */
const shellWord = (text: string): string => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

const lastPart = (reference: string | undefined): string => reference?.split('/').at(-1) ?? '';
