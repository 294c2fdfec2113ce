import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AmiClient } from './ami-client.js';
import { cacheFolder, whyNot } from './needs.js';
import { freePort, removeFolder, run, tempFolder, untilReady, which, type Running } from './processes.js';
import { filled, type Values } from './template.js';

export interface AsteriskOptions {
  readonly version: 16 | 22;
  /** Zone of the PBX's local clock, such as `America/New_York`; UTC when not given. */
  readonly timeZone?: string;
  /** With the epoch mappings of docker/asterisk/cdr_manager.conf; true when not given. */
  readonly cdrMappings?: boolean;
  /** With `send_contact_status_on_update_registration`, which repeats `ContactStatus` at each refresh; false when not given. */
  readonly updateEvents?: boolean;
  /** Another Asterisk's IAX2 port to register at. */
  readonly iaxRegisterPort?: number;
  readonly qualifySeconds?: number;
  /** Settings of `[csv]` in cdr.conf, such as `usegmtime = yes`: calls are written to `log/cdr-csv/Master.csv` as well. */
  readonly cdrCsv?: readonly string[];
  /** A database on a local MariaDB whose table `cdr` cdr_adaptive_odbc fills, in UTC; version 16 only. */
  readonly cdrOdbc?: { readonly port: number; readonly database: string; readonly user: string; readonly password: string };
}

export interface Asterisk {
  readonly version: 16 | 22;
  readonly ami: { readonly username: string; readonly secret: string };
  readonly amiPort: number;
  readonly amiTlsPort: number;
  readonly sipPort: number;
  readonly sipTlsPort: number;
  /** chan_sip's port, on version 16. */
  readonly chanSipPort: number;
  readonly iaxPort: number;
  readonly httpPort: number;
  /** Where it tries to register as `logbook-lab`; nobody listens until a test does. */
  readonly providerPort: number;
  /** Its configuration, keys and logs, as seen from this machine. */
  readonly dir: string;
  /** A command of Asterisk's own console, as `asterisk -rx` runs it. */
  cli(command: string): Promise<string>;
  /** An AMI session with every privilege, for what a test itself wants to know. */
  watch(): Promise<AmiClient>;
  /** Ends and starts it again with the same ports and database. */
  restart(): Promise<void>;
  halt(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** Stops it in place (SIGSTOP): its connections stay open and say nothing. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

const HERE = import.meta.dirname;
const RTP_PORTS = 150;
const PRODUCTION = join(HERE, '../../docker/asterisk');

/** A private Asterisk on loopback and free ports, with the configuration of docker/asterisk plus lab accounts. */
export async function startAsterisk(options: AsteriskOptions): Promise<Asterisk> {
  const root = rootFolder(options);
  const dir = tempFolder(`asterisk-${options.version}`, join(root, 'tmp'));
  const inside = dir.slice(root.length);
  for (const folder of ['etc', 'db', 'keys', 'spool', 'run', 'log', 'log/cdr-csv']) mkdirSync(join(dir, folder));
  certificate(join(dir, 'keys'));
  const ports = {
    amiPort: await freePort(), amiTlsPort: await freePort(), sipPort: await freePort(), sipTlsPort: await freePort(),
    chanSipPort: await freePort(), iaxPort: await freePort(), httpPort: await freePort(), providerPort: await freePort(),
  };
  configure(join(dir, 'etc'), options, ports, { dir: inside, modules: modulesFolder(root) });

  const chroot = which('chroot') ?? 'chroot';
  const config = `${inside}/etc/asterisk.conf`;
  const launch = async (): Promise<Running> => {
    const process_ = run(chroot, [root, 'asterisk', '-f', '-C', config], join(dir, 'log/console.log'), {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ODBCINI: `${inside}/etc/odbc.ini` },
    });
    await untilReady(process_, `Asterisk ${options.version}`, async () => {
      const client = await AmiClient.connect(ports.amiPort, 'everything', 'everything-secret');
      await client.event('FullyBooted', () => true, 10_000);
      client.close();
      return true;
    });
    return process_;
  };
  let server = await launch();
  const halt = async (signal?: NodeJS.Signals): Promise<void> => {
    server.signal('SIGCONT');
    await server.stop(signal);
  };
  const start = async (): Promise<void> => {
    server = await launch();
  };
  return {
    version: options.version,
    ami: { username: 'logbook', secret: 'change-me-before-use' },
    ...ports,
    dir,
    async cli(command) {
      return (await promisify(execFile)(chroot, [root, 'asterisk', '-C', config, '-rx', command])).stdout;
    },
    watch: () => AmiClient.connect(ports.amiPort, 'everything', 'everything-secret'),
    async restart() {
      await halt();
      await start();
    },
    halt,
    start,
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    async stop() {
      await halt('SIGKILL');
      removeFolder(options.timeZone === undefined ? dir : join(root, '..'));
    },
  };
}

/** Asterisk takes its zone from /etc/localtime and not from TZ, so another zone needs a root of its own: hard links, half a second. */
function rootFolder({ version, timeZone }: AsteriskOptions): string {
  const installed = join(cacheFolder(), `asterisk-${version}`);
  if (timeZone === undefined) return installed;
  const root = join(tempFolder(`root-${version}`, cacheFolder()), 'root');
  execFileSync('cp', ['-al', installed, root]);
  rmSync(join(root, 'etc/localtime'));
  symlinkSync(`/usr/share/zoneinfo/${timeZone}`, join(root, 'etc/localtime'));
  return root;
}

type Ports = Record<'amiPort' | 'amiTlsPort' | 'sipPort' | 'sipTlsPort' | 'chanSipPort' | 'iaxPort' | 'httpPort' | 'providerPort', number>;

function configure(etc: string, options: AsteriskOptions, ports: Ports, paths: { dir: string; modules: string }): void {
  const qualifySeconds = options.qualifySeconds ?? 2;
  const values: Values = {
    ...ports, ...paths, qualifySeconds, ipv6: whyNot('ipv6') === null ? 1 : '', iaxRegisterPort: options.iaxRegisterPort ?? '',
  };
  const production = (name: string): string => readFileSync(join(PRODUCTION, name), 'utf8');
  const lab = (name: string): string => filled(join(HERE, 'asterisk', name), values);
  // Two ports a call, and on a busy machine many calls at once; below the ports that the system gives away by itself.
  const rtpStart = 20_000 + (process.pid % 40) * 300 + (options.version === 16 ? RTP_PORTS : 0);
  const files: Record<string, string> = {
    'asterisk.conf': lab('asterisk.conf'),
    'cdr.conf': production('cdr.conf') + (options.cdrCsv === undefined ? '' : `\n[csv]\n${options.cdrCsv.join('\n')}\n`),
    'cdr_manager.conf': options.cdrMappings === false ? replaced(production('cdr_manager.conf'), [[/^\w+(,u)? => .*$/gm, '']]) : production('cdr_manager.conf'),
    'logger.conf': production('logger.conf'),
    'modules.conf': production('modules.conf'),
    'rtp.conf': replaced(production('rtp.conf'), [[/10000/, String(rtpStart)], [/10099/, String(rtpStart + RTP_PORTS - 1)]]),
    'http.conf': lab('http.conf'),
    'ari.conf': lab('ari.conf'),
    'iax.conf': lab('iax.conf'),
    'manager.conf': replaced(production('manager.conf'), [
      [/0\.0\.0\.0:5039/, `127.0.0.1:${ports.amiTlsPort}`], [/bindaddr = 0\.0\.0\.0/, 'bindaddr = 127.0.0.1'], [/port = 5038/, `port = ${ports.amiPort}`],
      [/^;(tls)/gm, '$1'], [/\/etc\/asterisk\/keys/, `${paths.dir}/keys`],
    ]) + lab('manager.conf'),
    'pjsip.conf': replaced(production('pjsip.conf'), [
      [/0\.0\.0\.0:5060/g, `127.0.0.1:${ports.sipPort}`], [/context = internal/, 'context = lab'],
      [/qualify_frequency = 60/, `qualify_frequency = ${qualifySeconds}\nminimum_expiration = 1`],
      [/type = global/, `type = global\ncontact_expiration_check_interval = 1\nsend_contact_status_on_update_registration = ${options.updateEvents === true ? 'yes' : 'no'}`],
    ]) + lab('pjsip.conf'),
    'extensions.conf': production('extensions.conf') + lab('extensions.conf'),
    ...(options.version === 16 ? { 'sip.conf': lab('sip.conf') } : {}),
    ...(options.cdrOdbc === undefined ? {} : odbc(options.cdrOdbc)),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, name), text);
}

function odbc({ port, database, user, password }: NonNullable<AsteriskOptions['cdrOdbc']>): Record<string, string> {
  return {
    'odbc.ini': `[cdr]\nDriver = MariaDB Unicode\nServer = 127.0.0.1\nPort = ${port}\nDatabase = ${database}\n`,
    'res_odbc.conf': `[cdr]\nenabled => yes\ndsn => cdr\nusername => ${user}\npassword => ${password}\npre-connect => yes\n`,
    'cdr_adaptive_odbc.conf': '[cdr]\nconnection = cdr\ntable = cdr\nusegmtime = yes\nalias start => calldate\n',
  };
}

// A pattern that no longer fits means that a production file changed under the tests.
function replaced(text: string, changes: readonly (readonly [RegExp, string])[]): string {
  return changes.reduce((result, [pattern, value]) => {
    if (!new RegExp(pattern.source, pattern.flags.replace('g', '')).test(result)) throw new Error(`docker/asterisk: nothing matches ${String(pattern)}`);
    return result.replace(pattern, value);
  }, text);
}

function modulesFolder(root: string): string {
  const lib = join(root, 'usr/lib');
  const folders = ['asterisk/modules', ...readdirSync(lib).map((arch) => `${arch}/asterisk/modules`)];
  const found = folders.find((folder) => existsSync(join(lib, folder, 'chan_pjsip.so')));
  if (found === undefined) throw new Error(`${root} holds no chan_pjsip.so`);
  return `/usr/lib/${found}`;
}

function certificate(keys: string): void {
  const key = join(keys, 'asterisk.key');
  const crt = join(keys, 'asterisk.crt');
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', crt,
  ], { stdio: 'ignore' });
  writeFileSync(join(keys, 'asterisk.pem'), readFileSync(key, 'utf8') + readFileSync(crt, 'utf8'));
}
