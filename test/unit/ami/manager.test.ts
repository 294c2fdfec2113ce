import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AmiClosedError, AmiSession, AmiTimeoutError, UnsafeActionError, type Headers } from '../../../src/ami/manager.js';
import { Tally } from '../../../src/ami/tally.js';
import { accepted, basic, silent, startScriptedPbx, until, type Script, type ScriptedPbx } from './scripted-pbx.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Opened {
  readonly pbx: ScriptedPbx;
  readonly session: AmiSession;
  readonly events: [string, Headers][];
  readonly tally: Tally;
}

async function open(script: Script): Promise<Opened> {
  const pbx = await startScriptedPbx(script);
  const events: [string, Headers][] = [];
  const tally = new Tally(silent);
  const socket = await new Promise<Socket>((resolve) => {
    const connecting = connect(pbx.port, '127.0.0.1', () => resolve(connecting));
  });
  const session = new AmiSession({ socket, username: 'u', secret: 's', tally, onEvent: (name, headers) => events.push([name, headers]), onClosed: () => undefined });
  cleanUps.push(() => pbx.close(), () => session.close(new Error('over')));
  return { pbx, session, events, tally };
}

const withLogin = (script: Script): Script => (action, header, socket) => (action === 'login' ? accepted : script(action, header, socket));

describe('a login', () => {
  test('is accepted', async () => {
    const { session, pbx } = await open(basic);
    expect(await session.login(60_000)).toEqual({ kind: 'accepted' });
    expect(pbx.received[0]).toMatch(/^Username: u$/m);
    expect(pbx.received[0]).toMatch(/^Secret: s$/m);
  });

  test('is refused with a reason', async () => {
    const { session } = await open(() => 'Response: Error\r\n%ID%Message: Authentication failed\r\n\r\n');
    expect(await session.login(60_000)).toEqual({ kind: 'refused', message: 'Authentication failed' });
  });

  test('without a verdict ends at its time limit', async () => {
    const { session } = await open(() => null);
    await expect(session.login(50)).rejects.toThrow(AmiTimeoutError);
  });

  test('on a connection that ends is rejected', async () => {
    const { session } = await open((_action, _header, socket) => {
      socket.destroy();
      return null;
    });
    await expect(session.login(60_000)).rejects.toThrow(AmiClosedError);
  });
});

test('a storm leaves turns to others', async () => {
  const { session, pbx, events } = await open(basic);
  await session.login(60_000);
  const block = `Event: ContactStatus\r\nPrivilege: system,all\r\nTimestamp: 1795369877.104048\r\nURI: sip:908@127.57.41.38:57537\r\nContactStatus: Reachable\r\nAOR: 908\r\nEndpointName: 908\r\nFiller: ${'x'.repeat(900)}\r\n\r\n`;
  // What takes time here is what the test says: how busy the machine is, which a turn is long for too, is left out.
  let now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  cleanUps.push(() => clock.mockRestore());
  const usualInATurn = async (busyMs: number): Promise<number> => {
    const heard: number[] = [];
    const storm = events.length + 5_000;
    const turn = (): void => {
      heard.push(events.length);
      now += busyMs;
      if (events.length < storm) setImmediate(turn);
    };
    turn();
    pbx.say(block.repeat(5_000));
    await until(() => events.length === storm, 'the storm is heard');
    const turns = heard.slice(1).map((now, index) => now - (heard[index] ?? 0)).filter((events) => events > 0).sort((a, b) => a - b);
    return turns[Math.floor(turns.length / 2)] ?? 0;
  };
  const share = 65_536 / block.length;
  expect(await usualInATurn(0)).toBeLessThanOrEqual(2 * share);
  // Who is busy with others would never come after what is said, were it not for more at once.
  expect(await usualInATurn(60)).toBeGreaterThan(4 * share);
});

describe('an action', () => {
  test('has an outcome, an error being one', async () => {
    const { session } = await open(withLogin((action) => (action === 'good' ? 'Response: Success\r\n%ID%Value: x\r\n\r\n' : 'Response: Error\r\n%ID%Message: No\r\n\r\n')));
    await session.login(60_000);
    const [good, bad] = await Promise.all([session.send({ Action: 'Good' }), session.send({ Action: 'Bad' })]);
    expect(good.kind === 'success' && good.headers.get('value')).toBe('x');
    expect(bad).toMatchObject({ kind: 'error', message: 'No' });
  });

  test('that would inject another is rejected by the name of its header', async () => {
    const { session, pbx } = await open(basic);
    await session.login(60_000);
    const sent = pbx.received.length;
    await expect(async () => session.send({ Action: 'Getvar', Variable: 'x\r\nAction: Originate' })).rejects.toThrow(new UnsafeActionError('a line break in Variable of an AMI action'));
    await expect(async () => session.list({ Action: 'A\nB' })).rejects.toThrow(UnsafeActionError);
    expect(pbx.received).toHaveLength(sent);
  });

  test('without an answer ends at its time limit, and its late answer harms nobody', async () => {
    let late = '';
    const { session, pbx } = await open(withLogin((action, header) => {
      if (action === 'slow') late = header('ActionID');
      return action === 'slow' ? null : 'Response: Success\r\n%ID%Value: 1\r\n\r\n';
    }));
    await session.login(60_000);
    await expect(session.send({ Action: 'Slow' }, 30)).rejects.toThrow('no answer to Slow within 30 ms');
    pbx.say(`Response: Success\r\nActionID: ${late}\r\nValue: late\r\n\r\n`);
    expect((await session.send({ Action: 'Next' })).headers.get('value')).toBe('1');
  });

  test('whose answer lies unread when its limit is over is answered: the process was busy, or the machine stood still', async () => {
    const { session } = await open(withLogin((_action, header, socket) => {
      socket.write(`Response: Success\r\nActionID: ${header('ActionID')}\r\nValue: there\r\n\r\n`);
      for (const until = performance.now() + 3_500; performance.now() < until; );
      return null;
    }));
    await session.login(60_000);
    expect((await session.send({ Action: 'Good' }, 3_000)).headers.get('value')).toBe('there');
  });

  test('of 80,000 lines of output is read whole and soon', async () => {
    const lines = Array.from({ length: 80_000 }, (_, index) => `Output: line ${index}`);
    const { session } = await open(withLogin(() => `Response: Success\r\n%ID%${lines.join('\r\n')}\r\n\r\n`));
    await session.login(60_000);
    const begun = process.cpuUsage();
    const output = (await session.send({ Action: 'Command' })).headers.get('output') ?? '';
    expect(output.split('\n')).toHaveLength(80_000);
    expect(output.endsWith('line 79999')).toBe(true);
    // asterisk-manager by itself takes ten seconds of a processor.
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(2_000);
  });
});

describe('a list', () => {
  const entry = (name: string): string => `Event: ContactList\r\n%ID%Endpoint: ${name}\r\n\r\n`;
  const start = 'Response: Success\r\n%ID%EventList: start\r\n\r\n';
  const complete = 'Event: ContactListComplete\r\n%ID%EventList: Complete\r\n\r\n';

  test('is collected by its ActionID, between other events', async () => {
    const { session, events } = await open(withLogin(() => `${start}${entry('1')}Event: PeerStatus\r\nPeer: x\r\n\r\nEvent: ContactList\r\nActionID: theirs\r\n\r\n${entry('2')}${complete}`));
    await session.login(60_000);
    const list = await session.list({ Action: 'PJSIPShowContacts' });
    expect(list.kind === 'list' && list.entries.map((headers) => headers.get('endpoint'))).toEqual(['1', '2']);
    expect(events.map(([name]) => name)).toEqual(['FullyBooted', 'PeerStatus']);
  });

  test('may be an error', async () => {
    const { session } = await open(withLogin(() => 'Response: Error\r\n%ID%Message: No Contacts found\r\n\r\n\r\n'));
    await session.login(60_000);
    expect(await session.list({ Action: 'PJSIPShowContacts' })).toMatchObject({ kind: 'error', message: 'No Contacts found' });
  });

  test('that never completes ends at its time limit', async () => {
    const { session } = await open(withLogin(() => `${start}${entry('1')}`));
    await session.login(60_000);
    await expect(session.list({ Action: 'PJSIPShowContacts' }, 50)).rejects.toThrow('the list of PJSIPShowContacts');
  });
});

describe('what comes between', () => {
  test('garbage neither stops nor changes the next event', async () => {
    const { session, pbx, events, tally } = await open(basic);
    await session.login(60_000);
    pbx.say('\r\n\r\nGET / HTTP/1.1\r\n\r\nEvent: error\r\nA: b\r\n\r\nEvent: rawevent\r\n\r\nResponse: Success\r\nActionID: error\r\n\r\nResponse: Follows\r\n\r\n');
    pbx.say(Buffer.concat([Buffer.from('Event: UserEvent\r\n__proto__: x\r\nconstructor: y\r\nUserEvent: SipSession\r\nText: a\nb %41 '), Buffer.from([0xff, 0xfe]), Buffer.from('\r\nVariable: q=1\r\n\r\n')]));
    await until(() => events.length === 2, 'the event after the garbage');
    const [name, headers] = events[1] ?? ['', new Map<string, string>()];
    expect(name).toBe('UserEvent');
    expect([...headers]).toEqual([['event', 'UserEvent'], ['userevent', 'SipSession'], ['text', 'a\nb %41 \ufffd\ufffd'], ['variable', 'q=1']]);
    expect(tally.counts()).toMatchObject({ malformed: 2, unknown: 2, strayAnswers: 1, droppedHeaders: 2 });
  });

  test('a storm of 40,000 events is read whole, in seconds of a processor', async () => {
    const { session, pbx, events } = await open(basic);
    await session.login(60_000);
    const begun = process.cpuUsage();
    const event = `Event: ContactStatus\r\nPrivilege: system,all\r\nTimestamp: 1795369877.104048\r\nURI: sip:908@127.57.41.38:57537;transport=udp\r\nContactStatus: Reachable\r\nAOR: 908\r\nEndpointName: 908\r\nFiller: ${'x'.repeat(120)}\r\n\r\n`;
    pbx.say(event.repeat(40_000));
    await until(() => events.length === 40_001, '40,000 events');
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(8_000);
  });
});
