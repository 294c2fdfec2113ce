import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/** Answers what a PBX answers that lists nobody; each login is a listener. */
const listeners = new Set<Socket>();
const server = createServer((socket) => {
  socket.write('Asterisk Call Manager/11.0.0\r\n');
  socket.on('error', () => undefined);
  socket.on('close', () => listeners.delete(socket));
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      act(socket, text.slice(0, end));
      text = text.slice(end + 4);
    }
  });
});

function act(socket: Socket, action: string): void {
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(action)?.[1]?.trim() ?? '';
  const id = `ActionID: ${header('ActionID')}\r\n`;
  switch (header('Action').toLowerCase()) {
    case 'login':
      listeners.add(socket);
      socket.write(`Response: Success\r\n${id}Message: Authentication accepted\r\n\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\n\r\n`);
      return;
    case 'ping':
      socket.write(`Response: Success\r\n${id}Ping: Pong\r\nTimestamp: ${(Date.now() / 1_000).toFixed(6)}\r\n\r\n`);
      return;
    case 'listcommands':
      socket.write(`Response: Success\r\n${id}Ping: Keepalive command.  (Priv: <none>)\r\n\r\n`);
      return;
    case 'logoff':
      socket.end(`Response: Goodbye\r\n${id}Message: Thanks for all the fish.\r\n\r\n`);
      return;
    default:
      socket.write(`Response: Success\r\n${id}Message: ${header('Action')}\r\n\r\n`);
  }
}

const block = (headers: Readonly<Record<string, string | number>>): string => `${Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`;
let calls = 0;

/** A phone registers, five events as Asterisk 22 says them, and its call ended. */
function events(phone: number, round: number, now: number): string {
  const account = String(10_000 + phone);
  const stamp = now.toFixed(6);
  const port = 1_024 + ((phone + round * 7) % 60_000);
  const address = `10.${phone >> 14}.${(phone >> 6) & 255}.${1 + (phone & 63)}`;
  const security = { Privilege: 'security,all', Timestamp: stamp, EventTV: new Date(now * 1_000).toISOString().replace('Z', '+0000'), Severity: 'Informational', Service: 'PJSIP', EventVersion: 1, AccountID: account, SessionID: `${round}-${phone}`, LocalAddress: 'IPV4/UDP/10.0.0.1/5060', RemoteAddress: `IPV4/UDP/${address}/${port}` };
  const uniqueid = `${Math.floor(now)}.${(calls += 1)}`;
  const epoch = (seconds: number): string => (now - seconds).toFixed(6);
  // Half of them to mobile phones, as those of the generator: a search for +39 meets some of the newest.
  const destination = phone % 2 === 0 ? `+3934${7_000_000 + phone}` : `0${2_000_000 + phone}`;
  const local = (seconds: number): string => new Date((now - seconds) * 1_000).toISOString().slice(0, 19).replace('T', ' ');
  return (
    block({ Event: 'ChallengeSent', ...security, Challenge: '' }) +
    block({ Event: 'SuccessfulAuth', ...security, UsingPassword: 1 }) +
    block({ Event: 'ContactStatus', Privilege: 'system,all', Timestamp: stamp, URI: `sip:${account}@${address}:${port}`, ContactStatus: 'NonQualified', AOR: account, EndpointName: account, RoundtripUsec: 0 }) +
    block({ Event: 'PeerStatus', Privilege: 'system,all', Timestamp: stamp, ChannelType: 'PJSIP', Peer: `PJSIP/${account}`, PeerStatus: 'Reachable' }) +
    block({
      Event: 'Cdr', Privilege: 'cdr,all', Timestamp: stamp, AccountCode: account, Source: account, Destination: destination, DestinationContext: 'outbound', CallerID: `"Phone ${phone}" <${account}>`,
      Channel: `PJSIP/${account}-${calls.toString(16).padStart(8, '0')}`, DestinationChannel: `PJSIP/fastline-${calls.toString(16)}`, LastApplication: 'Dial', LastData: `PJSIP/${destination}@fastline,60`,
      StartTime: local(65), AnswerTime: local(60), EndTime: local(0), Duration: 65, BillableSeconds: 60, Disposition: 'ANSWERED', AMAFlags: 'DOCUMENTATION', UniqueID: uniqueid, UserField: '',
      LinkedID: uniqueid, Sequence: calls, StartEpoch: epoch(65), AnswerEpoch: epoch(60), EndEpoch: epoch(0), PeerAccount: '',
    })
  );
}

async function storm(phones: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let phone = 0; phone < phones; phone += 20) {
      let text = '';
      const now = Date.now() / 1_000;
      for (let next = phone; next < Math.min(phone + 20, phones); next += 1) text += events(next, round, now + (next - phone) / 1e6);
      for (const listener of listeners) if (!listener.write(text)) await once(listener, 'drain');
    }
  }
  process.send?.({ events: phones * rounds * 5, calls: phones * rounds });
}

process.on('message', ({ phones, rounds }: { phones: number; rounds: number }) => void storm(phones, rounds));
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
