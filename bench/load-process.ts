import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { LoadDone, LoadOrder } from './load.js';

/** Asks for each address again and again, the next time as soon as the answer is whole; what it says goes by unread. */
const agent = new Agent({ keepAlive: true });
let goesOn = true;

async function repeated(path: string, { url, cookie }: LoadOrder): Promise<LoadDone> {
  const done = { path, answers: 0, bytes: 0, failed: null as string | null };
  while (goesOn) {
    const asked = request(url + path, { agent, headers: { cookie } }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.on('data', (chunk: Buffer) => (done.bytes += chunk.length));
    await once(response, 'end');
    done.answers += 1;
    if (response.statusCode !== 200) return { ...done, failed: `GET ${path}: ${response.statusCode ?? 0}` };
  }
  return done;
}

process.on('message', (message: LoadOrder | 'stop') => {
  if (message === 'stop') {
    goesOn = false;
    return;
  }
  const { paths } = message;
  void Promise.all(paths.map((path) => repeated(path, message).catch((error: unknown): LoadDone => ({ path, answers: 0, bytes: 0, failed: String(error) })))).then((done) => process.send?.(done));
});
process.on('disconnect', () => process.exit());
