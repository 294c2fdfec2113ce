import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { captureGaps } from '../../../src/logs/capture-gap/columns.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { defineLog, type LogDefinition } from '../../../src/logs/columns.js';
import { deadLetters } from '../../../src/logs/dead-letter/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { apiOf } from '../../../src/web/api-document.js';
import { apiView, type EndpointView } from '../../../src/web/api-page.js';
import { LOGS } from '../../../src/web/menu.js';

/** A log that nobody has thought of yet. */
const others = defineLog({
  name: 'other-things',
  title: 'Others',
  about: 'Things.',
  table: 'other_thing',
  timeColumn: 'at',
  defaultSort: 'at',
  defaultOrder: 'asc',
  tieBreak: ['at'],
  columns: {
    id: { db: 'id', title: 'Id', type: 'id' },
    at: { db: 'at', title: 'At', type: 'instant', sortable: true },
    size: { db: 'size', title: 'Size', type: 'seconds', optional: true, about: 'How long.' },
    kind: { db: 'kind', title: 'Kind', type: 'text', filter: ['A', 'B'] },
    names: { db: 'names', title: 'Names', type: 'text', optional: true, list: true },
  },
});

const every: readonly LogDefinition[] = [...LOGS, captureGaps, deadLetters, others].filter((log, index, all) => all.indexOf(log) === index);
const { document } = apiOf(every);

describe('the API’s document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const copy = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
    expect(await validator.validate(copy)).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    expect(() => validator.resolveRefs()).not.toThrow();
  });

  it('has a log by its definition alone', () => {
    expect(Object.keys(document.paths ?? {})).toEqual([...every.map(({ name }) => `/${name}`), '/registered-accounts/{id}', '/dead-letters/{id}', '/openapi.json']);
    expect(document.paths?.['/other-things']?.get).toMatchObject({ operationId: 'listOtherThings', description: 'Things.' });
    expect(document.components?.schemas?.['OtherThing']).toEqual({
      type: 'object',
      description: 'Things.',
      properties: {
        id: { type: 'integer', minimum: 1, title: 'Id' },
        at: { type: 'string', format: 'date-time', pattern: expect.any(String) as string, title: 'At', description: 'UTC, to the millisecond.' },
        size: { type: ['integer', 'null'], title: 'Size', description: 'How long. In whole seconds.' },
        kind: { type: 'string', enum: ['A', 'B'], title: 'Kind' },
        names: { type: 'array', items: { type: 'string' }, title: 'Names' },
      },
      required: ['id', 'at', 'size', 'kind', 'names'],
      additionalProperties: false,
    });
  });

  it.each(every)('has the columns of $name as fields, and its filters as parameters', (log) => {
    const get = document.paths?.[`/${log.name}`]?.get;
    const filters = Object.keys(log.columns).filter((name) => log.columns[name]?.filter);
    const names = get?.parameters?.map((parameter) => ('name' in parameter ? parameter.name : ''));
    const search = Object.values(log.columns).some((column) => column.search) ? ['search'] : [];
    expect(names).toEqual(['from', 'to', 'range', 'tz', ...search, ...filters, 'sort', 'order', 'limit', 'cursor', 'count']);
    const record = document.components?.schemas?.[log.table.replaceAll(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase())];
    expect(typeof record === 'object' && 'properties' in record ? Object.keys(record.properties) : []).toEqual(Object.keys(log.columns));
  });

  it('says what a parameter may be, and what it is without', () => {
    const parameters = document.paths?.['/cdrs']?.get?.parameters;
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'disposition', in: 'query', schema: expect.objectContaining({ enum: cdrs.columns.disposition.filter }) as object }));
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'limit', schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 1_000, default: 50 }) as object }));
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'sort', schema: expect.objectContaining({ default: 'callDate' }) as object }));
    expect(document.paths?.['/registered-accounts/{id}']?.get?.parameters).toMatchObject([{ name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } }]);
  });
});

describe('the page about the API', () => {
  const view = apiView(document, 'https://pbx.example', "o'neil");
  const endpoint = (path: string): EndpointView | undefined => view.endpoints.find((one) => one.path === `/api/v1${path}`);

  it('has every address, with what it takes and gives', () => {
    expect(view.endpoints).toHaveLength(every.length + 3);
    const sessions = endpoint('/sip-sessions');
    expect(sessions?.parameters).toContainEqual({ name: 'from', required: false, type: 'instant', preset: '', meaning: expect.stringContaining('Timestamp at or after this.') as string });
    expect(sessions?.parameters).toContainEqual(expect.objectContaining({ name: 'limit', type: 'whole number from 1 to 1000', preset: '50' }));
    expect(sessions?.fields.map(({ name }) => name)).toEqual(['data', ...Object.keys(sipSessions.columns).map((name) => `data[].${name}`), 'next', 'previous', 'count', 'count.kind', 'count.rows']);
    expect(sessions?.fields).toContainEqual({ name: 'data[].account', type: 'text, at most 255 characters, or null', meaning: expect.stringMatching(/^Account\. The name/) as string });
    expect(sessions?.fields).toContainEqual(expect.objectContaining({ name: 'data[].candidates', type: 'list of texts' }));
    expect(sessions?.failures.map(({ status }) => status)).toEqual(['400', '401', '429', '500', '503']);
    expect(endpoint('/registered-accounts/{id}')?.fields.map(({ name }) => name)).toContain('contacts[].remoteAddress');
    expect(endpoint('/registered-accounts/{id}')?.failures).toContainEqual({ status: '404', meaning: 'There is nothing at this address.' });
  });

  it('has examples that a shell takes as they are', () => {
    expect(endpoint('/cdrs')?.curl).toBe("curl -u 'o'\\''neil' 'https://pbx.example/api/v1/cdrs?from=2026-05-01&to=2026-06-01&limit=1000'");
    expect(endpoint('/registered-accounts/{id}')?.curl).toBe("curl -u 'o'\\''neil' https://pbx.example/api/v1/registered-accounts/1");
  });
});
