import { Router } from 'express';
import type { Knex } from 'knex';
import type { Access } from './access.js';
import type { Endpoint } from './api-endpoints.js';

/** JSON for scripts: a route for each endpoint, for readers that are known. */
export function api(knex: Knex, endpoints: readonly Endpoint[], readFor: Access['readFor']): Router {
  const router = Router();
  for (const { path, respond } of endpoints) {
    router.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, response) => {
      response.json(await readFor(request, response, () => respond(knex, { query: request.query, path: request.params })));
    });
  }
  return router;
}
