import { Router } from 'express';
import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { NotFoundError } from '../errors.js';
import { isInstant, type Column, type LogDefinition, type LogRecord, type Value } from '../logs/columns.js';
import { parseListQuery } from '../logs/list-query.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { readAccount, type AccountDetail } from '../logs/registered-account/read.js';
import { toIso, type Micros } from '../time.js';
import { candidateNames } from './cells.js';
import { letterOf } from './letter-view.js';
import { ALL_LOGS } from './menu.js';
import { idOf } from './id-of.js';

/** JSON for scripts, under `/api/v1`: each listing as `{ data, next }`, one account, and one dead letter. */
export function api(knex: Knex): Router {
  const router = Router();

  for (const log of ALL_LOGS) {
    router.get(`/${log.name}`, async (request, response) => {
      const { records, next } = await listPage(knex, log, parseListQuery(log, request.query));
      response.json({ data: records.map((record) => jsonRecord(log, record)), next });
    });
  }

  router.get('/registered-accounts/:id', async (request, response) => {
    const account = await readAccount(knex, idOf('account', request.params.id));
    if (!account) throw new NotFoundError(`no account ${request.params.id}`);
    response.json(jsonAccount(account));
  });

  router.get('/dead-letters/:id', async (request, response) => {
    const letter = await letterOf(knex, request.params.id);
    response.json({ ...jsonRecord(deadLetters, letter), content: letter.content });
  });

  return router;
}

type Json = Value | readonly Json[] | { readonly [name: string]: Json };

/** A record as JSON has it: the log's columns in their order, instants in ISO 8601 and UTC. */
export function jsonRecord(log: LogDefinition, record: LogRecord): Record<string, Json> {
  return Object.fromEntries(Object.entries(log.columns).map(([name, column]) => [name, jsonValue(name, column, record[name] ?? null)]));
}

function jsonValue(name: string, column: Column, value: Value): Json {
  if (name === 'candidates') return candidateNames(value);
  if (value === null || !isInstant(column)) return value;
  return toIso(Number(value), column.type === 'precise-instant' ? 'us' : 'ms');
}

function jsonAccount({ record, channelType, online, since, updatedAt, contacts }: AccountDetail): Record<string, Json> {
  const iso = (at: Micros | null): string | null => (at === null ? null : toIso(at));
  return {
    ...jsonRecord(registeredAccounts, record),
    channelType,
    online,
    since: iso(since),
    updatedAt: iso(updatedAt),
    contacts: contacts.map((contact) => ({ ...contact, expiresAt: iso(contact.expiresAt), registeredAt: iso(contact.registeredAt) })),
  };
}
