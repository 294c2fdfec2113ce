import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AmiClient } from '../../support/ami-client.js';
import { startAsterisk, type Asterisk } from '../../support/asterisk.js';
import { describeWith } from '../../support/needs.js';
import { UdpPhone } from '../../support/phones.js';

// What the service relies on, asked of the PBXs themselves: a new Asterisk that differs fails here first.
for (const version of [16, 22] as const) {
  describeWith([`asterisk-${version}`, 'sipp'], `Asterisk ${version} itself`, () => {
    let pbx: Asterisk;
    let watch: AmiClient;
    let phone: UdpPhone;

    beforeAll(async () => {
      pbx = await startAsterisk({ version });
      watch = await pbx.watch();
      phone = await UdpPhone.at({ user: '908', port: pbx.sipPort, ip: '127.57.41.37' });
    });
    afterAll(async () => {
      watch.close();
      await phone.close();
      await pbx.stop();
    });

    const refused = { Response: 'Error', Message: 'Permission denied' };

    it('lets the login of docker/asterisk/manager.conf ask what is needed', async () => {
      const client = await AmiClient.connect(pbx.amiPort, pbx.ami.username, pbx.ami.secret);
      const ask = (headers: Record<string, string>): Promise<unknown> => client.action(headers);
      expect(await ask({ Action: 'Getvar', Variable: 'PJSIP_ENDPOINT(908,callerid)' })).toMatchObject({ Response: 'Success', Value: '"Zoë Çelik" <908>' });
      expect(await ask({ Action: 'Getvar', Variable: 'STRFTIME(1795369627,,%z)' })).toMatchObject({ Response: 'Success', Value: '+0000' });
      expect(await ask({ Action: 'PJSIPShowContacts' })).toMatchObject({ Response: 'Error', Message: 'No Contacts found' });
      expect(await ask({ Action: 'Command', Command: 'pjsip show transport-monitors' })).toMatchObject({ Response: 'Success' });
      expect(await ask({ Action: 'CoreSettings' })).toMatchObject({ Response: 'Success' });
      expect(await ask({ Action: 'Filter', Operation: 'Add', Filter: '!Event: TestEvent' })).toMatchObject({ Response: 'Success' });
      expect(await ask({ Action: 'Originate', Channel: 'Local/600@lab', Application: 'Hangup' })).toMatchObject(refused);
      expect(await ask({ Action: 'UpdateConfig', SrcFilename: 'manager.conf', DstFilename: 'manager.conf' })).toMatchObject(refused);
      expect(await ask({ Action: 'IAXpeerlist' })).toMatchObject({ Response: 'Success' });
      expect(await ask({ Action: 'Getvar', Variable: 'IAXPEER(iax2,callerid_name)' })).toMatchObject({ Response: 'Success', Value: 'Branch' });
      if (version === 16) {
        expect(await ask({ Action: 'SIPpeers' })).toMatchObject({ Response: 'Success' });
        expect(await ask({ Action: 'SIPshowpeer', Peer: '805' })).toMatchObject({ Response: 'Success', Description: 'Reception, ground floor' });
      }
      client.close();
    });

    it('refuses Command to a login without that privilege, and answers it all else', async () => {
      const client = await AmiClient.connect(pbx.amiPort, 'nocommand', 'nocommand-secret');
      expect(await client.action({ Action: 'Command', Command: 'pjsip show transport-monitors' })).toMatchObject(refused);
      expect(await client.action({ Action: 'Getvar', Variable: 'PJSIP_ENDPOINT(909,callerid)' })).toMatchObject({ Value: '"Sara" <909>' });
      client.close();
    });

    it('never lists a configured contact, though it tells of its reachability', async () => {
      const told = (status: string): Promise<unknown> => watch.event('ContactStatus', (event) => event['AOR'] === 'trunk' && event['ContactStatus'] === status, 20_000);
      // It is told once, when it changes: what the PBX found at its start may be over before anybody listens.
      const trunk = await answerOptions(pbx.providerPort);
      await told('Reachable');
      expect(await watch.list({ Action: 'PJSIPShowContacts' })).toEqual([]);
      trunk.close();
      await told('Unreachable');
      expect(await watch.list({ Action: 'PJSIPShowContacts' })).toEqual([]);
    });

    it('authenticates first, then tells the contact, and counts its expiry from the answer', async () => {
      const seen = await phone.register(120);
      expect(seen).toMatchObject({ status: 200 });
      for (const status of ['NonQualified', 'Reachable']) await watch.event('ContactStatus', (event) => event['AOR'] === '908' && event['ContactStatus'] === status);
      await watch.event('PeerStatus', (event) => event['Peer'] === 'PJSIP/908' && event['PeerStatus'] === 'Reachable');
      const [listed] = await watch.list({ Action: 'PJSIPShowContacts' });
      expect(listed).toMatchObject({ Endpoint: '908', CallId: seen.callId, UserAgent: 'snom320/8.4.18', Uri: `sip:908@${seen.remote}` });
      expect(Number(listed?.['ExpirationTime']) * 1_000 - seen.at).toBeGreaterThan(118_000);
      expect(Number(listed?.['ExpirationTime']) * 1_000 - seen.at).toBeLessThan(121_000);
      const told = watch.blocks
        .filter((block) => block['Event'] !== 'TestEvent')
        .filter((block) => block['AccountID'] === '908' || block['AOR'] === '908' || block['Peer'] === 'PJSIP/908')
        .map((block) => [block['Event'], block['ContactStatus'] ?? block['PeerStatus'] ?? ''].join(' ').trim());
      expect(told.slice(0, 2)).toEqual(['ChallengeSent', 'SuccessfulAuth']);
      // Contact and peer are told by different threads: in no fixed order.
      expect([...told.slice(2)].sort()).toEqual(['ContactStatus NonQualified', 'ContactStatus Reachable', 'PeerStatus Reachable']);
    });

    it('says nothing of a refresh but its authentication, under the Call-ID of the registration', async () => {
      const before = watch.events('ContactStatus').length;
      const seen = await phone.register(120);
      await watch.event('SuccessfulAuth', (event) => event['SessionID'] === seen.callId && Number(event['Timestamp']) * 1_000 > seen.at - 500);
      expect(watch.events('ContactStatus').slice(before).filter((event) => event['AOR'] === '908')).toEqual([]);
    });
  });
}

/** Somebody at the far end of a trunk who answers OPTIONS and nothing else. */
async function answerOptions(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port: from }) => {
    const request = message.toString();
    if (!request.startsWith('OPTIONS ')) return;
    const copied = request.match(/^(?:Via|From|To|Call-ID|CSeq): .*$/gim) ?? [];
    socket.send(['SIP/2.0 200 OK', ...copied, 'Content-Length: 0', '', ''].join('\r\n'), from, address);
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
