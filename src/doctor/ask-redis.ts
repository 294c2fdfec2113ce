import { Redis } from 'ioredis';
import { messageOf } from '../errors.js';
import type { RedisFacts } from './database-facts.js';
import { within } from './within.js';

const WHOLE_MS = 4_000;

/** Connects once and reads `INFO`, which managed Redis servers allow where they forbid `CONFIG GET`. Never rejects. */
export async function askRedis(url: string | null): Promise<RedisFacts> {
  if (url === null) return { kind: 'unset' };
  const place = new URL(url).host;
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, enableReadyCheck: false, connectTimeout: WHOLE_MS, retryStrategy: () => null });
  // `connect` says only that the connection is closed; why is told here.
  const reasons: Error[] = [];
  redis.on('error', (error: Error) => reasons.push(error));
  try {
    const info = await within(WHOLE_MS, 'Redis', redis.connect().then(() => redis.info()));
    const field = (name: string): string | null => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
    const maxmemory = field('maxmemory');
    return { kind: 'up', place, version: field('redis_version') ?? 'of unknown version', policy: field('maxmemory_policy'), maxmemory: maxmemory === null ? null : Number(maxmemory) };
  } catch (error) {
    return { kind: 'failed', place, message: messageOf(reasons[0] ?? error) };
  } finally {
    redis.disconnect();
  }
}
