import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { expect } from 'vitest';
import { describeWith, itWith } from '../../support/needs.js';
import { emptyMariaDb, redisUrl } from '../../support/servers.js';

describeWith(['mariadb'], 'the private MariaDB', () => {
  itWith([], 'gives an empty database that keeps any text and does not live in UTC', async () => {
    const database = await emptyMariaDb();
    const connection = await createConnection(database.url);
    await connection.query('CREATE TABLE name (value VARCHAR(20))');
    await connection.query('INSERT INTO name VALUES (?)', ['Zoë 🦊']);
    expect((await connection.query('SELECT value, @@session.time_zone AS zone FROM name'))[0]).toEqual([{ value: 'Zoë 🦊', zone: '+05:30' }]);
    await connection.end();
    await database.drop();
  });
});

describeWith(['redis'], 'the private Redis', () => {
  itWith([], 'answers', async () => {
    const redis = new Redis(redisUrl());
    expect(await redis.ping()).toBe('PONG');
    await redis.quit();
  });
});
