import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { startMariaDb, freshDatabase } from './mariadb.js';
import { whyNot } from './needs.js';
import { startRedis } from './redis.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** `mysql://…/` of the run's MariaDB, to which a database's name is added; '' where it cannot run. */
    mariaDbUrl: string;
    /** `redis://…`; '' where it cannot run. */
    redisUrl: string;
  }
}

/** Starts, once per run, the servers that integration tests share. */
export default async function servers(project: TestProject): Promise<() => Promise<void>> {
  const [mariaDb, redis] = await Promise.all([
    whyNot('mariadb') === null ? startMariaDb() : null,
    whyNot('redis') === null ? startRedis() : null,
  ]);
  project.provide('mariaDbUrl', mariaDb?.url ?? '');
  project.provide('redisUrl', redis?.url ?? '');
  return async () => {
    await Promise.all([mariaDb?.stop(), redis?.stop()]);
  };
}

/** An empty database on the run's MariaDB, for use inside `describeWith(['mariadb'], …)`. */
export const emptyMariaDb = (): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> => freshDatabase(inject('mariaDbUrl'));

/** The run's Redis; each test file takes a key prefix of its own. */
export const redisUrl = (): string => inject('redisUrl');
