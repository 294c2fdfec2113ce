import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process of its own that speaks AMI as a PBX does, and storms when told. */
export interface AmiSource {
  readonly port: number;
  /** Sends the storm's events to whoever listens; answers when the last is handed to the network. */
  storm(phones: number, rounds: number): Promise<StormSent>;
  stop(): void;
}

export interface StormSent {
  readonly events: number;
  readonly calls: number;
}

export async function startAmiSource(): Promise<AmiSource> {
  const child = fork(join(import.meta.dirname, 'ami-source-process.js'), { stdio: 'inherit' });
  const message = async <T>(): Promise<T> => ((await once(child, 'message')) as [T])[0];
  const { port } = await message<{ port: number }>();
  return {
    port,
    storm: async (phones, rounds) => {
      child.send({ phones, rounds });
      return message<StormSent>();
    },
    stop: () => void child.kill(),
  };
}
