import type { Logger } from 'pino';
import { logFailure } from './background.js';
import type { AmiEvent } from './event.js';
import type { PbxInput } from './input.js';
import type { AmiLine } from './line.js';
import { pause } from './pause.js';
import { MonitorTrust, parseTransportMonitors } from './transport-monitors.js';

const COMMAND = 'pjsip show transport-monitors';

export interface MonitorWatchOptions {
  readonly line: AmiLine;
  readonly pollIntervalMs: number;
  readonly logger: Logger;
  readonly onInput: (input: PbxInput) => void;
  readonly onWarning: (warning: string) => void;
  readonly signal: AbortSignal;
}

/** Polls the open SIP connections, one poll at a time, as long as the PBX has them to tell. */
export class MonitorWatch {
  readonly #trust = new MonitorTrust();
  #isDisproved = false;
  #baseline = true;

  constructor(private readonly options: MonitorWatchOptions) {}

  onEvent(event: AmiEvent): void {
    if (this.#isDisproved || !this.#trust.isDisprovedBy(event)) return;
    this.#isDisproved = true;
    this.options.onWarning('This PBX lists no open connections although clients have some, so CONNECT and DISCONNECT are inferred.');
  }

  /** Polls until the signal ends it, or the PBX turns out not to tell. */
  async run(): Promise<void> {
    const { pollIntervalMs, signal, logger } = this.options;
    do {
      try {
        if ((await this.#poll()) === 'unavailable') return;
      } catch (error) {
        logFailure(logger, 'listing open connections', error);
      }
    } while (await pause(pollIntervalMs, signal));
  }

  async #poll(): Promise<'listed' | 'unavailable'> {
    const { line, logger, onInput, onWarning } = this.options;
    const requestedAt = await line.ping();
    const answer = await line.send({ Action: 'Command', Command: COMMAND });
    if (this.#isDisproved) return 'unavailable';
    const output = answer.headers.get('output') ?? '';
    if (answer.kind === 'error') {
      // `No such command` also comes as an error, with the words in its output.
      const reason = output.trim().split('\n', 1)[0] ?? '';
      onWarning(`The PBX does not list open connections (${reason || answer.message}), so CONNECT and DISCONNECT are inferred.`);
      return 'unavailable';
    }
    const connections = parseTransportMonitors(output);
    if (!connections) {
      logger.warn({ lines: output.split('\n').length }, 'the listing of open connections could not be read');
      return 'listed';
    }
    this.#trust.poll(connections);
    onInput({ kind: 'transport-monitors', connections, requestedAt, at: line.clock.read(), baseline: this.#baseline });
    this.#baseline = false;
    return 'listed';
  }
}
