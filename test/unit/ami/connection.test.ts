import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PbxConnection, type PbxConnectionOptions } from '../../../src/ami/connection.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { basic, haltMeter, silent, startScriptedPbx, until, type Script, type ScriptedPbx } from './scripted-pbx.js';

const cleanUps: (() => Promise<void>)[] = [];
let halts: ReturnType<typeof haltMeter>;
beforeEach(() => {
  halts = haltMeter();
});
afterEach(async () => {
  halts.stop();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
/** How far an instant may be off: the PBX's clock is known to half of what an answer to a Ping took. */
const within = (ms: number): number => ms + 2 * halts.longestMs();

interface Started {
  readonly pbx: ScriptedPbx;
  readonly connection: PbxConnection;
  readonly inputs: PbxInput[];
}

async function start(script: Script, options: Partial<PbxConnectionOptions> = {}): Promise<Started> {
  const pbx = await startScriptedPbx(script);
  const inputs: PbxInput[] = [];
  const connection = new PbxConnection({
    host: '127.0.0.1', port: pbx.port, username: 'u', secret: 's', tls: false, logger: silent, onInput: (input) => inputs.push(input),
    // Limits that a halt of this process, in which the double lives too, does not reach; a test of a limit sets its own.
    pingIntervalMs: 40, pingTimeoutMs: 30_000, pollIntervalMs: 20, loginTimeoutMs: 30_000, bootTimeoutMs: 30_000, tickIntervalMs: 10, snapshotDelayMs: 10, snapshotSpacingMs: 10,
    backoff: { firstMs: 10, maxMs: 40 }, ...options,
  });
  cleanUps.push(() => pbx.close(), () => connection.stop());
  connection.start();
  return { pbx, connection, inputs };
}

const kinds = (inputs: readonly PbxInput[]): string[] => inputs.filter((input) => input.kind !== 'tick').map((input) => input.kind);
const isUp = ({ connection }: Started): boolean => connection.status().state === 'up';

describe('a connection', () => {
  test('logs in, asks for its classes of events, and says `connected` before all else', async () => {
    const started = await start(basic);
    await until(() => isUp(started), 'up');
    expect(started.inputs[0]?.kind).toBe('connected');
    expect(kinds(started.inputs)).toEqual(['connected', 'event']);
    expect(started.pbx.received.some((action) => /^Eventmask: system,security,cdr,user$/im.test(action))).toBe(true);
  });

  test('says when it ended, why, and when the PBX was last heard', async () => {
    const started = await start(basic);
    await until(() => isUp(started), 'up');
    const before = Date.now();
    started.pbx.drop();
    await until(() => kinds(started.inputs).includes('disconnected'), 'disconnected');
    const end = started.inputs.find((input) => input.kind === 'disconnected');
    expect(end).toMatchObject({ reason: 'the PBX closed the connection' });
    expect(Math.abs((end?.kind === 'disconnected' ? end.at : 0) / 1_000 - before)).toBeLessThan(within(500));
    await until(() => kinds(started.inputs).filter((kind) => kind === 'connected').length === 2, 'a new login');
    await started.connection.stop();
    expect(kinds(started.inputs).filter((kind) => kind.endsWith('connected'))).toEqual(['connected', 'disconnected', 'connected', 'disconnected']);
    expect(started.inputs.findLast((input) => input.kind === 'disconnected')).toMatchObject({ reason: 'Logbook was stopped' });
  });

  test("stamps events with the PBX's clock, and ticks by it without going back", async () => {
    const aheadS = 3_600;
    const started = await start((action, header, socket) =>
      action === 'ping' ? `Response: Success\r\n%ID%Timestamp: ${(Date.now() / 1000 + aheadS).toFixed(6)}\r\n\r\n` : basic(action, header, socket));
    await until(() => isUp(started), 'up');
    started.pbx.say('Event: PeerStatus\r\nPeer: x\r\n\r\nEvent: PeerStatus\r\nTimestamp: 1795369877.104048\r\n\r\nEvent: ChallengeSent\r\nTimestamp: 1.5\r\nEventTV: 2026-11-22T17:51:16.730+0100\r\n\r\n');
    await until(() => kinds(started.inputs).length >= 5, 'three events');
    const at = started.inputs.filter((input) => input.kind === 'event').map((input) => input.event.at);
    expect(Math.abs((at[1] ?? 0) / 1e6 - Date.now() / 1e3 - aheadS)).toBeLessThan(within(2_000) / 1_000);
    expect(at.slice(2)).toEqual([1_795_369_877_104_048, Date.parse('2026-11-22T16:51:16.730Z') * 1_000]);
    await until(() => started.inputs.filter((input) => input.kind === 'tick').length > 3, 'ticks');
    const ticks = started.inputs.filter((input) => input.kind === 'tick').map((input) => input.at);
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
    // While something comes, a tick says no more than that all of two seconds ago was heard.
    expect(Math.abs((ticks.at(-1) ?? 0) / 1e6 - Date.now() / 1e3 - aheadS)).toBeLessThan(within(4_000) / 1_000);
  });

  test('goes on without FullyBooted after a while, with a warning', async () => {
    const started = await start((action, header, socket) =>
      action === 'login' ? 'Response: Success\r\n%ID%Message: Authentication accepted\r\n\r\n' : basic(action, header, socket), { bootTimeoutMs: 150 });
    await until(() => isUp(started), 'up');
    const status = started.connection.status();
    expect(status.state === 'up' && status.warnings[0]).toMatch(/FullyBooted.*add system to its read= line/);
  });

  test('names the privileges that the login lacks', async () => {
    const started = await start(basic);
    await until(() => isUp(started), 'up');
    const status = started.connection.status();
    const warnings = status.state === 'up' ? status.warnings.join('\n') : '';
    for (const privilege of ['system', 'reporting', 'command']) expect(warnings).toContain(`add ${privilege} to its write= line in manager.conf`);
  });

  test('knows the last word for as long as nothing comes, also before the watchdog notices', async () => {
    let isSilent = false;
    const started = await start((action, header, socket) => (isSilent ? null : basic(action, header, socket)));
    await until(() => isUp(started), 'up');
    const ticks = () => started.inputs.filter((input) => input.kind === 'tick');
    isSilent = true;
    const silentAt = Date.now() * 1_000;
    await until(() => (ticks().at(-1)?.at ?? 0) > silentAt + 600_000, 'ticks that go on');
    const last = ticks().at(-1);
    expect(last?.heardAt).toBeLessThan(silentAt + within(300) * 1_000);
    expect(last?.heardAt).toBeGreaterThan(silentAt - within(1_000) * 1_000);
    isSilent = false;
    started.pbx.say('Event: PeerStatus\r\nPeer: x\r\n\r\n');
    await until(() => (ticks().at(-1)?.heardAt ?? 0) > silentAt + 600_000, 'a word');
  });

  test('while it is behind, time passes no further than what it has heard, and a break begins there', async () => {
    let isBehind = false;
    const started = await start((action, header, socket) => (isBehind ? null : basic(action, header, socket)), { tickIntervalMs: 1_000 });
    await until(() => isUp(started), 'up');
    isBehind = true;
    // Of a moment ago, and longer and longer ago: what has been said since lies in the socket, and so do the answers.
    const saidAt = Date.now();
    const event = `Event: PeerStatus\r\nPrivilege: system,all\r\nTimestamp: ${(saidAt / 1_000).toFixed(6)}\r\nChannelType: PJSIP\r\nPeer: PJSIP/200\r\nPeerStatus: Reachable\r\n\r\n`;
    const saying = setInterval(() => started.pbx.say(event), 5);
    const ticks = (): number[] => started.inputs.flatMap((input) => (input.kind === 'tick' ? [input.at / 1_000, (input.heardAt ?? 0) / 1_000] : []));
    const before = ticks().length;
    await sleep(2_600);
    const early = ticks().length;
    await until(() => ticks().length > early, 'a tick');
    clearInterval(saying);
    started.pbx.drop();
    await until(() => kinds(started.inputs).includes('disconnected'), 'disconnected');
    const end = started.inputs.find((input) => input.kind === 'disconnected');
    expect(Math.max(...ticks().slice(before))).toBeLessThan(saidAt + within(300));
    expect((end?.kind === 'disconnected' ? end.at : Infinity) / 1_000).toBeLessThan(saidAt + within(300));
  });

  test('hears from the instant at which Asterisk tells of its login, and proves that it hears when somebody else logs in', async () => {
    const login = (atMs: number): string => `Event: SuccessfulAuth\r\nEventTV: ${new Date(atMs).toISOString().replace('Z', '+0000')}\r\nService: AMI\r\nAccountID: u\r\n\r\n`;
    let loginAt = 0;
    const started = await start((action, header, socket) => {
      if (action !== 'login') return basic(action, header, socket);
      loginAt = Date.now() - 2_000;
      return `${basic(action, header, socket) ?? ''}${login(loginAt - 3_600_000)}${login(loginAt)}${login(loginAt + 5)}`;
    }, { pingIntervalMs: 60_000, pollIntervalMs: 60_000 });
    await until(() => isUp(started), 'up');
    expect(started.inputs[0]).toEqual({ kind: 'connected', at: loginAt * 1_000 });
    const pings = (): number => started.pbx.received.filter((action) => /^action: ping$/im.test(action)).length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = pings();
    started.pbx.say(login(Date.now()));
    await until(() => pings() > before, 'a Ping');
  });

  test('is found half-open by its watchdog, at the first Ping without an answer, and made anew', async () => {
    let isSilent = false;
    let unanswered = 0;
    const started = await start((action, header, socket) => {
      if (isSilent && action === 'ping') unanswered += 1;
      return isSilent ? null : basic(action, header, socket);
    }, { pingTimeoutMs: 60 });
    await until(() => isUp(started), 'up');
    isSilent = true;
    await until(() => started.connection.status().state === 'down', 'down');
    expect(unanswered).toBeLessThanOrEqual(1);
    isSilent = false;
    await until(() => isUp(started), 'up again');
    expect(kinds(started.inputs).filter((kind) => kind.endsWith('connected')).slice(0, 3)).toEqual(['connected', 'disconnected', 'connected']);
  });

  test('is kept while events come, though a Ping has to wait', async () => {
    let mute = false;
    // A limit far above the pace of the events, so that a busy machine is no silent PBX.
    const started = await start((action, header, socket) => (mute && action === 'ping' ? null : basic(action, header, socket)), { pingTimeoutMs: 500 });
    await until(() => isUp(started), 'up');
    mute = true;
    const end = performance.now() + 1_500;
    while (performance.now() < end) {
      started.pbx.say('Event: PeerStatus\r\nPeer: x\r\n\r\n');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(started.connection.status().state).toBe('up');
  });

  test('is kept when the process was busy for longer than a Ping may take, while its answer lay in the socket', async () => {
    let isToBlock = false;
    let blocked = 0;
    const started = await start((action, header, socket) => {
      const answer = basic(action, header, socket);
      if (!isToBlock || action !== 'ping' || blocked > 0) return answer;
      blocked += 1;
      socket.write(answer?.replaceAll('%ID%', `ActionID: ${header('ActionID')}\r\n`) ?? '');
      for (const end = performance.now() + 3_500; performance.now() < end; );
      return null;
    }, { pingTimeoutMs: 3_000 });
    await until(() => isUp(started), 'up');
    isToBlock = true;
    await until(() => blocked === 1, 'a busy while');
    const pings = started.pbx.received.length;
    await until(() => started.pbx.received.length > pings + 3, 'what is asked after it');
    expect(started.pbx.connections()).toBe(1);
    expect(started.connection.status().state).toBe('up');
  });

  test('half an event before a break does not mix with what follows it', async () => {
    const started = await start(basic);
    await until(() => isUp(started), 'up');
    started.pbx.say('Event: Cdr\r\nSource: 804\r\nDesti');
    await new Promise((resolve) => setTimeout(resolve, 20));
    started.pbx.drop();
    await until(() => started.pbx.connections() === 2 && isUp(started), 'up again');
    expect(started.inputs.filter((input) => input.kind === 'event').map((input) => input.event.name)).toEqual(['FullyBooted', 'FullyBooted']);
  });

  test('backs off to minutes when refused, and says so', async () => {
    const started = await start(() => 'Response: Error\r\n%ID%Message: Authentication failed\r\n\r\n');
    await until(() => started.connection.status().state === 'refused', 'refused');
    const status = started.connection.status();
    expect(status).toMatchObject({ state: 'refused', message: 'Authentication failed' });
    expect(status.state === 'refused' && status.retryAt / 1e6 - Date.now() / 1e3).toBeGreaterThan(50);
    expect(started.pbx.connections()).toBe(1);
  });

  test('tries again and again when nobody says anything, or nobody is there', async () => {
    const started = await start(() => null, { loginTimeoutMs: 30 });
    await until(() => started.pbx.connections() >= 3, 'three attempts');
    await started.pbx.close();
    await until(() => /ECONNREFUSED/.test(JSON.stringify(started.connection.status())), 'refused by the system');
  });

  test('hands over nothing after stop, and stops while connecting', async () => {
    const started = await start(basic);
    await until(() => isUp(started), 'up');
    await started.connection.stop();
    const count = started.inputs.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(started.inputs).toHaveLength(count);
    expect(started.connection.status()).toEqual({ state: 'stopped' });
    const other = await start(() => null, { loginTimeoutMs: 60_000 });
    await until(() => other.pbx.connections() === 1, 'connected');
    await other.connection.stop();
  });

  test('outlives an input that is not taken', async () => {
    let failed = false;
    const started = await start(basic, {
      onInput: () => {
        failed = true;
        throw new Error('no');
      },
    });
    await until(() => isUp(started) && failed, 'up');
  });
});
