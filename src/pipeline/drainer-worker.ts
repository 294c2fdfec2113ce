import { parentPort, workerData } from 'node:worker_threads';
import { pause } from '../ami/pause.js';
import { openDatabase } from '../database/database.js';
import { WriteTurn } from '../database/write-turn.js';
import { forgetGarbage } from '../forget-garbage.js';
import { readAccountStates } from '../logs/registered-account/store.js';
import { Drainer, type DrainerLogger, type DrainerParts, type DrainerStatus } from './drainer.js';
import { unpack } from './packing.js';
import { decodeBatches, type Taken } from './spool-tail.js';
import { Translator } from './translator.js';
import { writeBatch } from './writer.js';

export interface WorkerData {
  readonly pbx: string;
  readonly databaseUrl: string;
  /** As whom it writes. */
  readonly listener: string;
  /** Of the turn to write, where that is SQLite. */
  readonly turn: SharedArrayBuffer | null;
}

/** What the thread says. It takes and checkpoints one after the other, and each is answered. */
export type Told =
  | { readonly tell: 'take' }
  | { readonly tell: 'checkpoint'; readonly seq: number; readonly state: Uint8Array }
  | { readonly tell: 'status'; readonly status: DrainerStatus }
  | { readonly tell: 'log'; readonly level: keyof DrainerLogger; readonly details: object; readonly message: string };

/** What it is told: to begin, with the translator's state as the spool keeps it, then the answers, and when to stop. */
export type Order =
  | { readonly order: 'begin'; readonly state: string | Uint8Array | null }
  | { readonly order: 'batches'; readonly taken: Taken }
  | { readonly order: 'checkpoint done'; readonly error: string | null }
  | { readonly order: 'stop'; readonly patienceMs: number };

const CLOSING_MS = 2_000;
const SETTLED_MS = 1_000;

const { pbx, databaseUrl, listener, turn } = workerData as WorkerData;
const tell = (told: Told): void => parentPort?.postMessage(told);
const database = openDatabase(databaseUrl, 'service', turn && new WriteTurn('drainer', turn));
const translator = new Translator(pbx);

// Where that fails, the thread ends with its error.
let started: Promise<void> = Promise.resolve();
let answered: (order: Order) => void = () => undefined;
const ask = (told: Told): Promise<Order> =>
  new Promise((resolve) => {
    answered = resolve;
    tell(told);
  });

const spool: DrainerParts['spool'] = {
  // The main thread aborts what waits when it tells this one to stop.
  async take() {
    const answer = await ask({ tell: 'take' });
    return answer.order === 'batches' ? decodeBatches(answer.taken) : null;
  },
  async checkpoint(seq, saved) {
    const answer = await ask({ tell: 'checkpoint', seq, state: saved });
    if (answer.order === 'checkpoint done' && answer.error !== null) throw new Error(answer.error);
  },
};

const log =
  (level: keyof DrainerLogger) =>
  (details: object, message: string): void =>
    tell({ tell: 'log', level, details, message });

const drainer = new Drainer({
  pbx,
  spool,
  translator,
  write: (outputs) => writeBatch(database, outputs, listener),
  logger: { info: log('info'), warn: log('warn'), error: log('error') },
  onStatus: (status) => tell({ tell: 'status', status }),
});

parentPort?.on('message', (order: Order) => {
  if (order.order === 'begin') started = start(order.state);
  else if (order.order === 'stop') void stop(order.patienceMs);
  else answered(order);
});

async function start(state: string | Uint8Array | null): Promise<void> {
  // What other listeners have written meanwhile, so that the sockets they saw are no news.
  const accounts = await readAccountStates(database.knex, pbx);
  if (state !== null && translator.load(unpack(state))) translator.learn(accounts);
  else translator.restore(accounts);
  drainer.start();
  // Also that it lives, where nothing comes to be written.
  tell({ tell: 'status', status: drainer.status() });
  // When what lay in the spool is on its way.
  setTimeout(forgetGarbage, SETTLED_MS).unref();
}

async function stop(patienceMs: number): Promise<void> {
  await within(patienceMs, started);
  await drainer.stop(patienceMs);
  // A connection that hangs ends with the thread.
  await within(CLOSING_MS, database.close());
  process.exit(0);
}

const within = (ms: number, work: Promise<void>): Promise<unknown> => Promise.race([work.catch(() => undefined), pause(ms, new AbortController().signal)]);
