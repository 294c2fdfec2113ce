import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { PbxConnection } from '../../../src/ami/connection.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { basic, silent, startScriptedPbx, until, type Script, type ScriptedPbx } from './scripted-pbx.js';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(script: Script): Promise<{ pbx: ScriptedPbx; connection: PbxConnection; inputs: PbxInput[] }> {
  const pbx = await startScriptedPbx(script);
  const inputs: PbxInput[] = [];
  const connection = new PbxConnection({
    host: '127.0.0.1', port: pbx.port, username: 'u', secret: 's', tls: false, logger: silent, onInput: (input) => inputs.push(input),
    pollIntervalMs: 15, snapshotDelayMs: 10, snapshotSpacingMs: 10,
  });
  cleanUps.push(() => pbx.close(), () => connection.stop());
  connection.start();
  return { pbx, connection, inputs };
}

const commands = (...names: readonly string[]): string => `Response: Success\r\n%ID%${names.map((name) => `${name}: x  (Priv: <none>)\r\n`).join('')}\r\n`;
const of = <K extends PbxInput['kind']>(inputs: readonly PbxInput[], kind: K) => inputs.filter((input): input is Extract<PbxInput, { kind: K }> => input.kind === kind);
const sent = (pbx: ScriptedPbx, action: string): number => pbx.received.filter((text) => new RegExp(`^Action: ${action}$`, 'm').test(text)).length;

describe('with chan_pjsip', () => {
  const contact = (name: string): string => `Event: ContactList\r\n%ID%Endpoint: ${name}\r\nUri: sip:${name}@127.0.0.1:5062\r\nExpirationTime: 1795370000\r\nStatus: Reachable\r\n\r\n`;
  const script = (contacts: () => readonly string[], monitors: string): Script => (action, header, socket) => {
    switch (action) {
      case 'listcommands':
        return commands('PJSIPShowContacts', 'Getvar', 'Command', 'CoreSettings');
      case 'coresettings':
        return 'Response: Success\r\n%ID%AsteriskVersion: 22.10.1\r\n\r\n';
      case 'pjsipshowcontacts': {
        const names = contacts();
        if (names.length === 0) return 'Response: Error\r\n%ID%Message: No Contacts found\r\n\r\n\r\n';
        return `Response: Success\r\n%ID%EventList: start\r\n\r\n${names.map(contact).join('')}Event: ContactListComplete\r\n%ID%EventList: Complete\r\n\r\n`;
      }
      case 'getvar':
        return `Response: Success\r\n%ID%Value: ${header('Variable').startsWith('STRFTIME') ? '+0100' : '"Sara" <909>'}\r\n\r\n`;
      case 'command':
        return header('Command').startsWith('pjsip') ? monitors : 'Response: Success\r\n%ID%Output: read perm: system,security\r\n\r\n';
      default:
        return basic(action, header, socket);
    }
  };
  const none = 'Response: Success\r\n%ID%Message: Command output follows\r\nOutput: PJSIP Transport Monitors:\r\nOutput: \r\nOutput: Total Transport Monitors: 0\r\nOutput: \r\n\r\n';

  test('an empty list is a listing; later ones come when asked and when somebody is new', async () => {
    let names: readonly string[] = [];
    const { inputs, pbx, connection } = await start(script(() => names, none));
    await until(() => of(inputs, 'contacts').length === 1, 'the baseline');
    expect(of(inputs, 'contacts')[0]).toMatchObject({ channelType: 'PJSIP', complete: true, contacts: [], baseline: true });
    names = ['909', '910'];
    pbx.say('Event: ContactStatus\r\nContactStatus: NonQualified\r\nEndpointName: 909\r\n\r\n'.repeat(20));
    await until(() => of(inputs, 'contacts').length === 2, 'the new contacts');
    const second = of(inputs, 'contacts')[1];
    expect(second).toMatchObject({ baseline: false });
    expect(second?.contacts.map(({ endpoint }) => endpoint)).toEqual(['909', '910']);
    expect(second && second.requestedAt <= second.at).toBe(true);
    pbx.say('Event: ContactStatus\r\nContactStatus: Removed\r\nEndpointName: 909\r\n\r\n');
    connection.requestSnapshot();
    await until(() => of(inputs, 'contacts').length === 3, 'the one asked for');
    await until(() => of(inputs, 'account-name').length === 2, 'two names');
    expect(of(inputs, 'account-name')[0]).toMatchObject({ endpoint: '909', name: 'Sara', channelType: 'PJSIP' });
    expect(pbx.received.filter((text) => text.includes('PJSIP_ENDPOINT'))).toHaveLength(2);
    expect(sent(pbx, 'SIPpeers')).toBe(0);
  });

  test('a listing whose answer lay unread behind much else tells of the time at which it was asked for', async () => {
    const quick = script(() => ['909'], none);
    const askedAt: number[] = [];
    let isToWait = false;
    const { inputs, connection } = await start((action, header, socket) => {
      if (askedAt.length > 0) return null;
      if (!isToWait || action !== 'pjsipshowcontacts') return quick(action, header, socket);
      askedAt.push(Date.now());
      const answer = quick(action, header, socket)?.replaceAll('%ID%', `ActionID: ${header('ActionID')}\r\n`) ?? '';
      void sleep(2_600).then(() => socket.write(answer));
      return null;
    });
    await until(() => of(inputs, 'contacts').length === 1, 'the baseline');
    isToWait = true;
    connection.requestSnapshot();
    await until(() => of(inputs, 'contacts').length === 2, 'the late listing');
    const late = of(inputs, 'contacts')[1];
    expect((late?.at ?? Infinity) / 1_000 - (askedAt[0] ?? 0)).toBeLessThan(2_000);
    expect(late && late.requestedAt <= late.at).toBe(true);
  });

  test('the zone, the version and what is not heard are told', async () => {
    const { inputs, connection } = await start(script(() => [], none));
    await until(() => of(inputs, 'zone').length === 1, 'the zone');
    expect(of(inputs, 'zone')[0]?.zone.spans.map(({ offsetSeconds }) => offsetSeconds)).toEqual([3_600]);
    await until(() => JSON.stringify(connection.status()).includes('cdr events'), 'the warnings');
    const status = connection.status();
    expect(status).toMatchObject({ state: 'up', asteriskVersion: '22.10.1' });
    expect(status.state === 'up' && status.warnings).toEqual([
      'The AMI login "u" does not hear cdr events: add cdr to its read= line in manager.conf.',
      'The AMI login "u" does not hear user events: add user to its read= line in manager.conf.',
    ]);
  });

  test('open connections are polled, the first listing being the baseline', async () => {
    const { inputs } = await start(script(() => [], none.replace('Monitors: 0', 'Monitors: 1').replace('Output: \r\n', 'Output:  127.0.0.1:45595   ACTIVE   Incoming   2   0   tlss0x7f\r\n')));
    await until(() => of(inputs, 'transport-monitors').length >= 3, 'three polls');
    const polls = of(inputs, 'transport-monitors');
    expect(polls.slice(0, 3).map(({ baseline }) => baseline)).toEqual([true, false, false]);
    expect(polls[0]?.connections).toEqual([{ remote: { transport: 'TLS', ip: '127.0.0.1', port: 45_595 }, objectName: 'tlss0x7f' }]);
  });

  test.each([
    ['is unknown', "Response: Error\r\n%ID%Message: Command output follows\r\nOutput: No such command 'pjsip show transport-monitors'\r\n\r\n", /No such command/],
    ['is not permitted', 'Response: Error\r\n%ID%Message: Permission denied\r\n\r\n', /Permission denied/],
  ])('polling ends with a warning when the command %s', async (_why, answer, warning) => {
    const { inputs, pbx, connection } = await start(script(() => [], answer));
    await until(() => warning.test(JSON.stringify(connection.status())), 'the warning');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(pbx.received.filter((text) => text.includes('transport-monitors'))).toHaveLength(1);
    expect(of(inputs, 'transport-monitors')).toEqual([]);
  });

  test('a listing of connections that shows nothing of what exists is not believed', async () => {
    const { inputs, pbx, connection } = await start(script(() => [], none));
    const heard = 'Event: SuccessfulAuth\r\nService: PJSIP\r\nRemoteAddress: IPV4/TLS/127.0.0.1/45595\r\n\r\n';
    await until(() => of(inputs, 'transport-monitors').length >= 1, 'a poll');
    pbx.say(heard);
    const before = of(inputs, 'transport-monitors').length;
    await until(() => of(inputs, 'transport-monitors').length >= before + 3, 'polls');
    pbx.say(heard);
    await until(() => JSON.stringify(connection.status()).includes('lists no open connections'), 'the warning');
    const polls = of(inputs, 'transport-monitors').length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(of(inputs, 'transport-monitors').length).toBe(polls);
  });
});

describe('with chan_sip', () => {
  const peer = (name: string, ip: string): string => `Event: PeerEntry\r\n%ID%ObjectName: ${name}\r\nDynamic: yes\r\nIPaddress: ${ip}\r\n\r\n`;
  const script: Script = (action, header, socket) => {
    switch (action) {
      case 'listcommands':
        return commands('SIPpeers', 'SIPshowpeer');
      case 'sippeers':
        return `Response: Success\r\n%ID%EventList: start\r\n\r\n${peer('804', '127.0.0.9')}${peer('805', '-none-')}Event: PeerlistComplete\r\n%ID%EventList: Complete\r\n\r\n`;
      case 'sipshowpeer':
        return `Response: Success\r\n%ID%ObjectName: ${header('Peer')}\r\nDynamic: Y\r\nAddress-IP: 127.0.0.9\r\nAddress-Port: 5070\r\nRegExpire: 60 seconds\r\nStatus: UNREACHABLE\r\nCallerid: "Desk" <804>\r\n\r\n`;
      default:
        return basic(action, header, socket);
    }
  };

  test('registered peers are listed, and one that registers is asked for alone', async () => {
    const { inputs, pbx } = await start(script);
    await until(() => of(inputs, 'contacts').length === 1, 'the baseline');
    const [baseline] = of(inputs, 'contacts');
    expect(baseline).toMatchObject({ channelType: 'SIP', complete: true, baseline: true });
    expect(baseline?.contacts).toHaveLength(1);
    expect(baseline?.contacts[0]).toMatchObject({ endpoint: '804', status: 'Unreachable', description: 'Desk', remote: { ip: '127.0.0.9', port: 5_070 } });
    pbx.say('Event: PeerStatus\r\nChannelType: SIP\r\nPeer: SIP/805\r\nPeerStatus: Registered\r\n\r\n');
    await until(() => of(inputs, 'contacts').length === 2, 'the peer');
    expect(of(inputs, 'contacts')[1]).toMatchObject({ channelType: 'SIP', complete: false, baseline: false, contacts: [{ endpoint: '805' }] });
    expect(sent(pbx, 'PJSIPShowContacts')).toBe(0);
  });
});

describe('with chan_iax2', () => {
  const peer = (name: string, ip: string, port: string): string =>
    `Event: PeerEntry\r\n%ID%Channeltype: IAX\r\nObjectName: ${name}\r\nIPaddress: ${ip}\r\nPort: ${port}\r\nDynamic: yes\r\nStatus: OK (3 ms)\r\n\r\n`;
  const script = (port: () => string): Script => (action, header, socket) => {
    switch (action) {
      case 'listcommands':
        return commands('IAXpeerlist', 'Getvar');
      case 'iaxpeerlist':
        return `Response: Success\r\n%ID%EventList: start\r\n\r\n${peer('branch', '127.9.9.9', port())}${peer('away', '(null)', '(null)')}Event: PeerlistComplete\r\n%ID%EventList: Complete\r\nListItems: 2\r\n\r\n`;
      case 'getvar':
        return `Response: Success\r\n%ID%Value: ${header('Variable') === 'IAXPEER(branch,callerid_name)' ? 'Branch office' : ''}\r\n\r\n`;
      default:
        return basic(action, header, socket);
    }
  };

  test('registered peers are listed, with their names, and again when one registers, which tells its port', async () => {
    let port = '4569';
    const { inputs, pbx, connection } = await start(script(() => port));
    await until(() => of(inputs, 'contacts').length === 1, 'the baseline');
    const [baseline] = of(inputs, 'contacts');
    expect(baseline).toMatchObject({ channelType: 'IAX2', complete: true, baseline: true });
    expect(baseline?.contacts).toMatchObject([{ endpoint: 'branch', status: 'Reachable', remote: { ip: '127.9.9.9', port: 4_569 } }]);
    await until(() => of(inputs, 'account-name').length === 1, 'the name');
    expect(of(inputs, 'account-name')[0]).toMatchObject({ channelType: 'IAX2', endpoint: 'branch', name: 'Branch office' });
    port = '40804';
    pbx.say('Event: PeerStatus\r\nPrivilege: system,all\r\nChannelType: IAX2\r\nPeer: IAX2/branch\r\nPeerStatus: Registered\r\nAddress: 127.9.9.9\r\n\r\n');
    await until(() => of(inputs, 'contacts').length === 2, 'the listing after it');
    expect(of(inputs, 'contacts')[1]).toMatchObject({ channelType: 'IAX2', complete: true, baseline: false, contacts: [{ endpoint: 'branch', remote: { port: 40_804 } }] });
    expect(JSON.stringify(connection.status())).not.toContain('load res_pjsip');
  });
});
