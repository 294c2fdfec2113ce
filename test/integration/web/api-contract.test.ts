import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountHistoryEndpoint } from '../../../src/web/account-json.js';
import { api } from '../../../src/web/api.js';
import { apiOf } from '../../../src/web/api-document.js';
import { callEndpoint, callsEndpoint } from '../../../src/web/call-json.js';
import { ALL_LOGS as LOGS } from '../../../src/web/menu.js';
import { overviewEndpoint } from '../../../src/web/overview-routes.js';
import { fill } from './any-rows.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { insertCallDay, NOW } from '../browser/call-day.js';
import { contact, insertAccount } from './samples.js';

/** A call of a queue. */
const CALL = '1778414400.36';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly enum?: string[]; readonly minimum?: number; readonly maximum?: number; readonly pattern?: string };
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly headers?: Readonly<Record<string, unknown>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly responses: Operation['responses'] };
}

onEachDatabase('the API’s document', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let document: Document;
  let accountIds: number[] = [];
  let letterId = 0;
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { clock: () => NOW });
    const { knex } = console.database;
    for (const log of LOGS) await fill(knex, log);
    await insertCallDay(knex);
    // One page has all there is of each list.
    await knex('sip_session').whereBetween('at', [NOW - 30 * 86_400_000_000, NOW - 3 * 86_400_000_000]).delete();
    accountIds = [
      await insertAccount(knex, { username: '919', contacts: [contact(), contact({ callId: null, remoteAddress: null, transport: null, userAgent: null, expiresAt: null, registeredAt: null })] }),
      await insertAccount(knex, { username: '914', description: null, contacts: [], ipAddress: null, port: null, registrationExpires: null, userAgent: null, transport: null }),
    ];
    letterId = Number((await knex<{ id: number }>('dead_letter').first('id'))?.id);
    await new Visitor(console.url).signIn();
    document = (await (await ask('/openapi.json')).json()) as Document;
    ajv.addSchema(document, 'document');
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const ask = (path: string, headers: Record<string, string> = basic('admin', PASSWORD), url = console.url): Promise<Response> =>
    fetch(`${url}/api/v1${path}`, { headers });

  /** Holds an answer against what the document says of that path and status; answers the body. */
  const hold = async (path: string, answer: Response): Promise<Record<string, unknown>> => {
    const said = document.paths[path]?.get.responses[answer.status];
    expect(said, `${path} answers ${answer.status}`).toBeDefined();
    const pointer = said?.$ref?.slice(1) ?? `/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/get/responses/${answer.status}`;
    const { headers = {} } = said?.$ref === undefined ? (said ?? {}) : (document.components.responses[said.$ref.split('/').at(-1) ?? ''] ?? {});
    for (const name of Object.keys(headers)) expect(answer.headers.has(name), `${path} ${answer.status} has ${name}`).toBe(true);
    expect(answer.headers.get('content-type')).toContain('application/json');
    const body = (await answer.json()) as Record<string, unknown>;
    const check = ajv.getSchema(`document#${pointer}/content/application~1json/schema`);
    if (!check) throw new Error(`no schema at ${pointer}`);
    expect(check(body), `${path} ${answer.status}: ${ajv.errorsText(check.errors)}`).toBe(true);
    return body;
  };

  const operations = (): (readonly [path: string, address: string, Operation])[] =>
    Object.entries(document.paths).map(([path, { get }]) => [path, filled(path), get]);
  const filled = (path: string): string =>
    path.replace('{id}', String(path.startsWith('/dead-letters') ? letterId : accountIds[0])).replace('{linkedid}', CALL).replace('{pbx}', 'pbx-milan').replace('{username}', '908');
  const queryOf = (operation: Operation): Parameter[] => (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');

  it('has every address there is, and no other', () => {
    const { knex } = console.database;
    const { endpoints } = apiOf(LOGS, [overviewEndpoint({ knex, readiness: () => Promise.resolve(console.readiness), clock: () => 0 }, 'UTC'), callsEndpoint(), callEndpoint(), accountHistoryEndpoint()]);
    const routes = api(knex, endpoints, (_request, _response, read) => read()).stack.map(({ route }) => route?.path.replaceAll(/:(\w+)/g, '{$1}'));
    expect(Object.keys(document.paths).sort()).toEqual(routes.sort());
  });

  it('is what every answer is like', async () => {
    for (const log of LOGS) {
      const { data } = await hold(`/${log.name}`, await ask(`/${log.name}?limit=1000`));
      expect((data as unknown[]).length, `rows of ${log.name}`).toBeGreaterThan(1);
      const first = await hold(`/${log.name}`, await ask(`/${log.name}?limit=1&count=true`));
      expect([typeof first['next'], first['previous'], first['count']]).toEqual(['string', null, { kind: 'exact', rows: (data as unknown[]).length }]);
      const second = await hold(`/${log.name}`, await ask(`/${log.name}?limit=1&cursor=${String(first['next'])}`));
      expect([typeof second['previous'], second['count']]).toEqual(['string', null]);
      expect((await hold(`/${log.name}`, await ask(`/${log.name}?limit=1&cursor=${String(second['previous'])}`)))['data']).toEqual(first['data']);
    }
    for (const id of accountIds) await hold('/registered-accounts/{id}', await ask(`/registered-accounts/${id}`));
    await hold('/dead-letters/{id}', await ask(`/dead-letters/${letterId}`));
    const { data: calls } = await hold('/calls', await ask('/calls?limit=1000'));
    for (const { linkedid, pbx, id } of calls as { linkedid: string; pbx: string; id: number }[]) {
      const address = linkedid === '' ? `/calls/leg-${id}` : `/calls/${encodeURIComponent(linkedid)}?${new URLSearchParams({ pbx }).toString()}`;
      expect(await hold('/calls/{linkedid}', await ask(address))).toMatchObject({ id });
    }
    for (const [name, range] of [['904', '24h'], ['908', '7d'], ['909', '7d']]) await hold('/accounts/{pbx}/{username}', await ask(`/accounts/pbx-milan/${name}?range=${range}`));
    await hold('/openapi.json', await ask('/openapi.json'));
  });

  it('lets no field through that it does not have', async () => {
    for (const log of LOGS) {
      const answer = await ask(`/${log.name}?limit=1`);
      const { data, next } = (await answer.json()) as { data: object[]; next: unknown };
      const more = Response.json({ data: data.map((row) => ({ ...row, more: 1 })), next });
      await expect(hold(`/${log.name}`, more)).rejects.toThrow('must NOT have additional properties');
    }
  });

  it('has no parameter that is refused', async () => {
    for (const [path, address, operation] of operations()) {
      const { next } = (await (await ask(`${address}${queryOf(operation).length > 0 ? '?limit=1' : ''}`)).json()) as { next?: string };
      for (const { name, schema } of queryOf(operation)) {
        const values = name === 'cursor' ? [next ?? ''] : name === 'tz' ? ['UTC', 'Europe/Rome'] : name === 'pbx' && path.startsWith('/calls/') ? ['pbx-milan'] : (schema.enum ?? (schema.pattern === undefined ? ['909'] : ['2026-05-10', '2026-05-10T17:12:24.882+02:00']));
        for (const value of schema.minimum === undefined ? values : [schema.minimum, schema.maximum]) {
          const answer = await ask(`${address}?${new URLSearchParams({ [name]: String(value) }).toString()}`);
          expect([path, name, value, answer.status]).toEqual([path, name, value, 200]);
          await hold(path, answer);
        }
      }
    }
  });

  it('has every parameter that is taken: all others are refused by name', async () => {
    const columns = LOGS.flatMap((log) => Object.keys(log.columns));
    const names = new Set([...columns, 'from', 'to', 'limit', 'sort', 'tz', 'page', 'offset', 'constructor', '__proto__', 'Limit']);
    for (const [path, address, operation] of operations()) {
      const own = queryOf(operation).map(({ name }) => name);
      for (const name of [...names].filter((any) => !own.includes(any))) {
        const answer = await ask(`${address}?${name}=1`);
        expect([path, name, answer.status]).toEqual([path, name, 400]);
        expect(await hold(path, answer)).toMatchObject({ error: { parameter: name } });
      }
    }
  });

  it('has every value that is taken: all others are refused', async () => {
    for (const [path, address, operation] of operations()) {
      for (const { name, schema } of queryOf(operation)) {
        const wrong = schema.enum || schema.pattern !== undefined || name === 'cursor' ? ['nonsense'] : schema.minimum === undefined ? [] : [schema.minimum - 1, Number(schema.maximum) + 1];
        for (const query of [...wrong.map((value) => `${name}=${value}`), `${name}=a&${name}=b`]) {
          const answer = await ask(`${address}?${query}`);
          expect([path, query, answer.status]).toEqual([path, query, 400]);
          expect(await hold(path, answer)).toMatchObject({ error: { parameter: name } });
        }
      }
    }
  });

  it('is what strangers and the lost are answered', async () => {
    for (const [path, address] of operations()) {
      const answer = await ask(address, {});
      expect([path, answer.status]).toEqual([path, 401]);
      await hold(path, answer);
    }
    for (const method of ['OPTIONS', 'POST', 'DELETE']) expect([method, (await fetch(`${console.url}/api/v1/cdrs`, { method })).status]).toEqual([method, 401]);
    for (const id of ['99999', '0', 'abc']) await hold('/registered-accounts/{id}', await ask(`/registered-accounts/${id}`));
    for (const name of ['1778414400.999', 'leg-999999', 'leg-0', 'constructor']) await hold('/calls/{linkedid}', await ask(`/calls/${name}`));
    await hold('/accounts/{pbx}/{username}', await ask('/accounts/pbx-milan/nobody'));
    let status = 0;
    for (let tries = 0; tries < 10 && status !== 429; tries += 1) {
      const answer = await ask('/cdrs', basic('guest', 'wrong'));
      ({ status } = answer);
      await hold('/cdrs', answer);
    }
    expect(status).toBe(429);
  });

  it('is what is answered while the database is away', async () => {
    const other = await startConsole();
    await other.database.close();
    for (const [path, address] of operations()) {
      const answer = await ask(address, basic('admin', PASSWORD), other.url);
      expect([path, answer.status]).toEqual([path, 503]);
      await hold(path, answer);
    }
    await other.stop();
  });
});
