import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder, run, tempFolder, untilReady, which, type Running } from './processes.js';

/**
 * A disk of a few megabytes that only those see who are started through `wrapper`: a tmpfs in a mount namespace of its
 * own, so that nothing stays mounted however a test ends.
 */
export class TinyDisk {
  private constructor(
    private readonly folder: string,
    private readonly keeper: Running,
  ) {}

  static async mount(megabytes: number): Promise<TinyDisk> {
    const folder = tempFolder('disk');
    const place = join(folder, 'disk');
    mkdirSync(place);
    const script = `mount -t tmpfs -o size=${megabytes}m,mode=777 tmpfs "$1" && touch "$1/mounted" && exec sleep infinity`;
    const keeper = run(which('unshare') ?? 'unshare', ['--mount', '--', 'sh', '-c', script, 'sh', place], join(folder, 'keeper.log'));
    const disk = new TinyDisk(folder, keeper);
    await untilReady(keeper, 'a tmpfs', async () => (await statfs(disk.#seen('mounted'))).bsize > 0);
    return disk;
  }

  /** Where it is, for those that run on it. */
  get path(): string {
    return join(this.folder, 'disk');
  }

  /** Runs a program that sees it. */
  get wrapper(): readonly string[] {
    return [which('nsenter') ?? 'nsenter', '--mount', `--target=${this.keeper.pid}`, '--'];
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#seen('.'));
    return bavail * bsize;
  }

  /** Fills it up to so many bytes. */
  fill(leave = 0): void {
    for (let n = 0; this.freeBytes > leave; n += 1) {
      try {
        writeFileSync(this.#seen(`ballast-${n}`), Buffer.alloc(Math.max(1, Math.min(this.freeBytes - leave, 16 * 1024 * 1024))));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
  }

  /** Takes out again what `fill` put in. */
  relieve(): void {
    for (let n = 0; n < 1_000; n += 1) rmSync(this.#seen(`ballast-${n}`), { force: true });
  }

  async unmount(): Promise<void> {
    await this.keeper.stop('SIGKILL');
    removeFolder(this.folder);
  }

  #seen(name: string): string {
    return join(`/proc/${this.keeper.pid}/root`, this.path, name);
  }
}
