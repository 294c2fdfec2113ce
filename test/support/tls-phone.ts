import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PhoneOptions, Seen } from './phones.js';
import { freePort, isExecutable, removeFolder, run, tempFolder, untilReady, which, type Running } from './processes.js';
import { connectionOf } from './sockets.js';

interface Notice {
  readonly type: string;
  readonly param: string;
  readonly at: number;
}

/** A SIP phone over TLS: baresip without a screen, steered through its ctrl_tcp module. */
export class TlsPhone {
  readonly #notices: Notice[] = [];
  #used = 0;
  #buffer = Buffer.alloc(0);

  private constructor(
    readonly options: PhoneOptions,
    private readonly folder: string,
    private readonly process_: Running,
    private readonly control: Socket,
  ) {
    control.on('data', (data) => this.#take(data));
    control.on('error', () => undefined);
  }

  /** Starts the phone; it has no connection before it registers. */
  static async start(options: PhoneOptions): Promise<TlsPhone> {
    const folder = tempFolder('tls-phone');
    const controlPort = await freePort();
    writeFileSync(join(folder, 'config'), config(options.ip ?? '127.0.0.1', controlPort));
    writeFileSync(join(folder, 'accounts'), '');
    writeFileSync(join(folder, 'contacts'), '');
    const process_ = run(which('baresip') ?? 'baresip', ['-f', folder], join(folder, 'baresip.log'), { cwd: folder });
    let control: Socket | undefined;
    await untilReady(process_, 'baresip', async () => {
      control = await open(controlPort);
      return true;
    });
    if (control === undefined) throw new Error('baresip: no control connection');
    return new TlsPhone(options, folder, process_, control);
  }

  /** Connects and registers; baresip refreshes by itself shortly before the time is over. */
  async register(expires = 3600): Promise<Seen> {
    const { user, password, server, port } = this.options;
    const account = `<sip:${user}@${server ?? '127.0.0.1'}:${port};transport=tls>;auth_user=${user};auth_pass=${password ?? `${user}-change-me`};regint=${expires};answermode=auto`;
    this.#command('uanew', account);
    return this.nextRegistration();
  }

  /** What came of the next registration or refresh. */
  async nextRegistration(timeoutMs = 60_000): Promise<Seen> {
    const notice = await this.#notice(/^REGISTER_(OK|FAIL)$/, timeoutMs);
    const [, status = '0', reason = ''] = /^(\d{3}) ?(.*)$/.exec(notice.param) ?? ['', '0', notice.param];
    return { status: Number(status), reason, at: notice.at, callId: '', remote: connectionOf(this.process_.pid, this.options.port) };
  }

  /** Calls a number and gives how it ended: the answer's text, or '' for a call that was taken and ended well. */
  async invite(number: string, timeoutMs = 60_000): Promise<string> {
    this.#command('dial', `sip:${number}@${this.options.server ?? '127.0.0.1'}:${this.options.port};transport=tls`);
    return (await this.#notice(/^CALL_CLOSED$/, timeoutMs)).param;
  }

  /** Unregisters and closes its connection, as a phone that is switched off. Gives when it asked. */
  async leave(): Promise<number> {
    const at = Date.now();
    this.#command('quit');
    while (this.process_.ended() === null && Date.now() < at + 30_000) await sleep(20);
    return at;
  }

  /** The program dies: its kernel closes the connection, and nothing was said. Gives when. */
  async drop(): Promise<number> {
    const at = Date.now();
    await this.process_.stop('SIGKILL');
    return at;
  }

  async close(): Promise<void> {
    this.control.destroy();
    await this.process_.stop('SIGKILL');
    removeFolder(this.folder);
  }

  #command(command: string, params = ''): void {
    const json = JSON.stringify({ command, params });
    this.control.write(`${Buffer.byteLength(json)}:${json},`);
  }

  async #notice(type: RegExp, timeoutMs: number): Promise<Notice> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      await sleep(5);
      const index = this.#notices.findIndex((notice, position) => position >= this.#used && type.test(notice.type));
      const notice = this.#notices[index];
      if (notice === undefined) continue;
      this.#used = index + 1;
      return notice;
    }
    throw new Error(`baresip: no ${type.source} within ${timeoutMs} ms\n${this.process_.log().slice(-1_000)}`);
  }

  // Netstrings: `length:json,`.
  #take(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const colon = this.#buffer.indexOf(':');
      const length = Number(this.#buffer.subarray(0, Math.max(colon, 0)).toString());
      if (colon === -1 || this.#buffer.length < colon + length + 2) return;
      const message: unknown = JSON.parse(this.#buffer.subarray(colon + 1, colon + 1 + length).toString());
      this.#buffer = this.#buffer.subarray(colon + length + 2);
      if (typeof message !== 'object' || message === null || !('event' in message) || !('type' in message)) continue;
      this.#notices.push({ type: String(message.type), param: 'param' in message ? String(message.param) : '', at: Date.now() });
    }
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

function config(ip: string, controlPort: number): string {
  const modules = ['/usr/lib/baresip/modules', '/usr/local/lib/baresip/modules'].find(isExecutable) ?? '/usr/lib/baresip/modules';
  return [
    'poll_method epoll', `sip_listen ${ip}:0`, 'call_max_calls 4', 'audio_player aubridge,a', 'audio_source aubridge,a', `module_path ${modules}`,
    'module g711.so', 'module aubridge.so', 'module_tmp uuid.so', 'module_tmp account.so', 'module_app menu.so', 'module_app ctrl_tcp.so',
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`, '',
  ].join('\n');
}
