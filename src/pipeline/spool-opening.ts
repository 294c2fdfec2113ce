import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { CommandError } from '../errors.js';
import { fromMs, toIso } from '../time.js';
import type { Opened } from './spool-file.js';
import { SpoolError, SpoolThread } from './spool-thread.js';

export interface SpoolPlace {
  readonly dir: string;
  /** Each PBX has a file of its own in the folder. */
  readonly pbx: string;
  readonly logger: Logger;
  /** For tests, which cannot fill a disk: the file in its thread. */
  readonly thread?: (path: string) => SpoolThread;
}

/**
 * Opens the spool's file. Throws CommandError where another process has it, or its folder cannot be written.
 * One that is damaged is put aside under another name, and said loudly.
 */
export async function openSpool({ dir, pbx, logger, thread: threadOf }: SpoolPlace): Promise<{ readonly thread: SpoolThread; readonly opened: Opened }> {
  const path = join(dir, `${fileNameOf(pbx)}.spool`);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // Calls and who is on line: nobody else on the machine may read them.
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw new CommandError(`the spool in SPOOL_DIR ${dir} cannot be made (${error instanceof Error && 'code' in error ? String(error.code) : 'failed'}); name a folder that Logbook may write`, 1);
  }
  const thread = threadOf?.(path) ?? new SpoolThread(path);
  for (let damaged = false; ; damaged = true) {
    try {
      const opened = await thread.open();
      if (opened.events > 0) logger.info({ events: opened.events }, 'the spool holds events of an earlier run; they are written first');
      return { thread, opened };
    } catch (error) {
      const code = error instanceof SpoolError ? error.code : '';
      if (damaged || !/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
        await thread.close().catch(() => undefined);
        throw explained(error, dir, path);
      }
      const aside = `${path}.damaged-${toIso(fromMs(Date.now())).replaceAll(':', '')}`;
      // With its newest commits, which would be taken for the new file's.
      for (const part of ['', '-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, aside + part);
      closeSync(openSync(path, 'a', 0o600));
      logger.error({ code, aside }, 'the spool is damaged; it is kept aside, and a new one begun');
    }
  }
}

/** Letters, digits and a few signs stay; others become their code, so that two names are two files. */
const fileNameOf = (pbx: string): string => pbx.replace(/[^A-Za-z0-9-]/g, (sign) => `_${sign.codePointAt(0)?.toString(16) ?? ''}`);

function explained(error: unknown, dir: string, path: string): unknown {
  const code = error instanceof SpoolError ? error.code : '';
  if (code === 'SQLITE_BUSY') return new CommandError(`the spool ${path} is in use by another Logbook; give each process a SPOOL_DIR of its own`, 1);
  if (/^SQLITE_(CANTOPEN|READONLY|PERM)/.test(code)) return new CommandError(`the spool in ${dir} cannot be written (${code}); let Logbook write there, or name another SPOOL_DIR`, 1);
  return error;
}
