import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDatabase, type Database } from '../src/database/database.js';
import type { Query } from './bare-http.js';
import { ask } from './stage.js';

let database: Database | null = null;
let query: Query = { sql: 'select 1', bindings: [] };

const server = createServer((_request, response) => {
  void (async () => {
    const rows = database === null ? [] : await ask(database, query.sql, query.bindings);
    const body = Buffer.from(JSON.stringify({ data: rows }));
    response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length }).end(body);
  })();
});

process.on('message', (message: { readonly databaseUrl: string } | { readonly query: Query }) => {
  if ('query' in message) {
    query = message.query;
    process.send?.('taken');
    return;
  }
  database = openDatabase(message.databaseUrl);
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
});
process.on('disconnect', () => process.exit());
