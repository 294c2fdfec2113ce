import { fork } from 'node:child_process';
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Query {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** A process of its own that answers each query's rows as JSON with node:http alone: what HTTP costs whoever it is. */
export interface BareHttp {
  /** Milliseconds of one GET, on a connection that stays open. */
  get(query: Query): Promise<number>;
  stop(): void;
}

export async function startBareHttp(databaseUrl: string): Promise<BareHttp> {
  const child = fork(join(import.meta.dirname, 'bare-http-process.js'), { stdio: 'inherit' });
  const message = async <T>(): Promise<T> => ((await once(child, 'message')) as [T])[0];
  child.send({ databaseUrl });
  const { port } = await message<{ port: number }>();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    async get(query) {
      child.send({ query });
      await message();
      const start = performance.now();
      const asked = request({ host: '127.0.0.1', port, agent }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      let bytes = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
      if (bytes === 0) throw new Error('nothing was answered');
      return performance.now() - start;
    },
    stop() {
      agent.destroy();
      child.kill();
    },
  };
}
