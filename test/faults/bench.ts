import { expect, type TestContext } from 'vitest';
import { AmiProxy } from '../support/ami-proxy.js';
import { startAsterisk, type Asterisk, type AsteriskOptions } from '../support/asterisk.js';
import { compare, type Ledger } from '../support/ledger.js';
import { amiSettings, Logbook } from '../support/logbook.js';
import { freshDatabase, startMariaDb, type MariaDb, type MariaDbOptions } from '../support/mariadb.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { Storm } from '../support/storm.js';

/**
 * Servers of one test's own, to break as it likes. What was built first is taken down last, also after a failure.
 */
export class Bench {
  readonly #undo: (() => Promise<void> | void)[] = [];

  /** `onTestFinished` is the test's own: tests that run at the same time share the module's. */
  constructor({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
    onTestFinished(async () => {
      for (const step of this.#undo.reverse()) await step();
    }, 60_000);
  }

  keep<T>(thing: T, undo: (thing: T) => Promise<void> | void): T {
    this.#undo.push(() => undo(thing));
    return thing;
  }

  async asterisk(options: AsteriskOptions): Promise<Asterisk> {
    return this.keep(await startAsterisk(options), (pbx) => pbx.stop());
  }

  async proxy(pbx: Asterisk): Promise<AmiProxy> {
    return this.keep(await AmiProxy.start(pbx.amiPort), (proxy) => proxy.close());
  }

  async storm(pbx: Asterisk): Promise<Storm> {
    return this.keep(await Storm.start(pbx), (storm) => storm.close());
  }

  async mariaDb(options?: MariaDbOptions): Promise<MariaDb> {
    return this.keep(await startMariaDb(options), (server) => server.stop());
  }

  /** An empty database on a MariaDB. */
  async database(server: MariaDb): Promise<string> {
    return (await freshDatabase(server.url)).url;
  }

  async redis(): Promise<RedisServer> {
    return this.keep(await startRedis(), (server) => server.stop());
  }

  /** The service, listening to a PBX; through a proxy where one is given. */
  async logbook(pbx: Asterisk, settings: Readonly<Record<string, string>> = {}, options: { readonly proxy?: AmiProxy; readonly wrapper?: readonly string[] } = {}): Promise<Logbook> {
    const port = options.proxy === undefined ? {} : { AMI_PORT: String(options.proxy.port) };
    return this.keep(await Logbook.start({ ...amiSettings(pbx), ...port, LOG_LEVEL: 'info', ...settings }, options.wrapper), (logbook) => logbook.stop());
  }
}

/** Every number that Asterisk said stands in the session log, and none twice. */
export async function expectAllOnce(storm: Storm, ledger: Ledger): Promise<void> {
  const { missing, doubled } = compare(storm.said.keys(), await ledger.numbers());
  expect({ missing: ranges(missing), doubled: ranges(doubled) }).toEqual({ missing: [], doubled: [] });
}

/** `1-20, 25`: a failure of a thousand numbers that can be read. */
export function ranges(numbers: readonly number[]): string[] {
  const found: string[] = [];
  const sorted = [...numbers].sort((a, b) => a - b);
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end += 1;
    found.push(end === start ? String(sorted[start]) : `${String(sorted[start])}-${String(sorted[end])}`);
    start = end + 1;
  }
  return found;
}

/** Exactly these calls stand in the call log, each as often as it was placed. */
export async function expectCalls(ledger: Ledger, placed: ReadonlyMap<string, number>): Promise<void> {
  const stored = await ledger.calls();
  const wrong = [...new Set([...stored.keys(), ...placed.keys()])].filter((number) => stored.get(number) !== placed.get(number));
  expect(wrong.map((number) => `${number}: ${stored.get(number) ?? 0} times, placed ${placed.get(number) ?? 0} times`)).toEqual([]);
}

/** Numbered calls as sipp dialled them, each once. */
export const callNumbers = (prefix: string, count: number): Map<string, number> => new Map(Array.from({ length: count }, (_, n) => [`${prefix}${n + 1}`, 1]));
