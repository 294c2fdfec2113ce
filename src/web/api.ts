import { Router } from 'express';
import type { Knex } from 'knex';
import type { Endpoint } from './api-endpoints.js';

/** JSON for scripts: a route for each endpoint. */
export function api(knex: Knex, endpoints: readonly Endpoint[]): Router {
  const router = Router();
  for (const { path, respond } of endpoints) {
    router.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, response) => {
      response.json(await respond(knex, { query: request.query, path: request.params }));
    });
  }
  return router;
}
