/** Blocks as Asterisk sends them, and as no Asterisk ever should. Everything follows from the random numbers given. */

const TEMPLATES = [
  'Event: Cdr\r\nPrivilege: cdr,all\r\nTimestamp: 1795369894.104048\r\nAccountCode: \r\nSource: 909\r\nDestination: 600\r\nDestinationContext: lab\r\nCallerID: "Sara" <909>\r\nChannel: PJSIP/909-00000001\r\nStartTime: 2026-11-22 17:51:34\r\nDuration: 2\r\nBillableSeconds: 1\r\nDisposition: ANSWERED\r\nUniqueID: 1795369894.7\r\nStartEpoch: 1795369894.104048',
  'Event: UserEvent\r\nPrivilege: user,all\r\nTimestamp: 1795369894.104048\r\nUserEvent: SipSession\r\nSipEvent: CONNECT\r\nPeername: 909\r\nDetails: 200 OK\r\nRemoteaddr: 203.0.113.37:28224',
  'Event: ContactStatus\r\nPrivilege: system,all\r\nTimestamp: 1795369894.104048\r\nURI: sip:909@127.0.0.1:5062\r\nContactStatus: Reachable\r\nAOR: 909\r\nEndpointName: 909\r\nRoundtripUsec: 512',
  'Event: SuccessfulAuth\r\nPrivilege: security,all\r\nEventTV: 2026-11-22T17:51:14.773+0000\r\nSeverity: Informational\r\nService: PJSIP\r\nAccountID: 909\r\nSessionID: abc@127.0.0.1\r\nLocalAddress: IPV4/UDP/127.0.0.1/5060\r\nRemoteAddress: IPV4/TLS/127.0.0.1/45595\r\nUsingPassword: 1',
  'Event: PeerStatus\r\nPrivilege: system,all\r\nChannelType: PJSIP\r\nPeer: PJSIP/909\r\nPeerStatus: Unreachable',
  'Event: Registry\r\nPrivilege: system,all\r\nChannelType: PJSIP\r\nUsername: sip:provider@127.0.0.1\r\nDomain: sip:127.0.0.1:5070\r\nStatus: Registered',
  'Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 5\r\nLastReload: 5\r\nStatus: Fully Booted',
  'Response: Success\r\nActionID: %ID%\r\nMessage: Authentication accepted',
  'Response: Error\r\nActionID: %ID%\r\nMessage: No Contacts found\n',
  'Response: Success\r\nActionID: %ID%\r\nEventList: start\r\nMessage: Contacts will follow',
  'Event: ContactList\r\nActionID: %ID%\r\nEndpoint: 909\r\nUri: sip:909@127.0.0.1:5062\r\nStatus: Reachable\r\nExpirationTime: 1795369999',
  'Event: ContactListComplete\r\nActionID: %ID%\r\nEventList: Complete\r\nListItems: 1',
  'Response: Success\r\nActionID: %ID%\r\nMessage: Command output follows\r\nOutput: Monitors: 1\r\nOutput:  127.0.0.1:45595   ACTIVE   Incoming   2   0   tlss0x7f',
  'Event: VarSet\r\nPrivilege: dialplan,all\r\nChannel: PJSIP/909-00000001\r\nVariable: X\r\nValue: 1',
];

const NAMES = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'Event', 'Response', 'ActionID', 'EventList', 'Privilege', 'Variable', 'Output', 'Timestamp', 'EventTV', '', ' ', '\t', ':', 'Source\u0000'];
const VALUES = ['', ' ', '%', '%0D%0A', '%zz', '=', 'a=b', '{}', 'null', '-1', '1e99', 'NaN', '999999999999.999999999', '0', 'Success', 'Complete', 'start', 'Cdr', '__proto__', '\u2028', '\ufeff', 'ü'.repeat(50), '\u0000\u0001\u007f', '\n\n', '\r', '\n', '\\r\\n'];

export interface MutantOptions {
  readonly random: () => number;
  /** An ActionID that the reader waits for, or has waited for. */
  readonly actionId: () => string;
}

/** One mutated block, without a sure end: what follows it must not need one. */
export function mutant({ random, actionId }: MutantOptions): Buffer {
  const int = (below: number): number => Math.floor(random() * below);
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T;
  const template = (): string => pick(TEMPLATES).replace('%ID%', random() < 0.5 ? actionId() : `stranger-${int(1_000)}`);
  const line = (): string => `${pick(NAMES)}${pick([': ', ':', '', ' : '])}${pick(VALUES)}`;
  const lines = (count: number): string => Array.from({ length: count }, line).join('\r\n');
  const end = '\r\n\r\n';
  switch (int(18)) {
    case 0:
      return flipped(template() + end, int, 1 + int(8));
    case 1: {
      const whole = template();
      return Buffer.from(whole.slice(0, int(whole.length)));
    }
    case 2:
      return Buffer.from(`${template()}${pick(['', '\r', '\n', '\r\n', '\n\n', '\r\n\r'])}${template()}${end}`);
    case 3: {
      const [first = '', ...rest] = template().split('\r\n');
      return Buffer.from([first, ...Array.from({ length: 1 + int(50) }, () => pick(rest.length > 0 ? rest : [first]))].join('\r\n') + end);
    }
    case 4:
      return Buffer.from(Array.from({ length: 1 + int(300) }, () => int(256)));
    case 5:
      return Buffer.from(`${template()}\r\n${lines(1 + int(20))}${end}`);
    case 6:
      return Buffer.from(`${lines(1 + int(20))}${end}`);
    case 7:
      return Buffer.from(template().replaceAll('\r\n', pick(['\n', '\r', '\n\r', '\r\r\n'])) + end);
    case 8:
      return Buffer.from(`Event: ${pick(['Cdr', 'UserEvent', 'ContactStatus'])}\r\nResponse: Success\r\nActionID: ${actionId()}\r\n${lines(3)}${end}`);
    case 9:
      return Buffer.from(`Response: ${pick(['Success', 'Error', 'Goodbye', 'Pong', 'Follows', ''])}\r\nEvent: Cdr\r\nActionID: ${actionId()}\r\n${lines(3)}${end}`);
    case 10:
      return Buffer.from(`Event: Unheard${int(100_000)}\r\n${lines(4)}${end}`);
    case 11:
      return Buffer.from(`${pick(['', '\r\n', '\r\n\r\n', '\n', '\r\n\r\n\r\n\r\n'])}${end}`);
    case 12:
      return Buffer.from(`${template()}\r\nTimestamp: ${pick(VALUES)}\r\nEventTV: ${pick(VALUES)}\r\nStartEpoch: ${pick(VALUES)}${end}`);
    case 13: {
      const bytes = Buffer.from(`${template()}\r\nUserField: ~~~~${end}`);
      // Halves of characters, overlong forms, surrogates: no UTF-8.
      Buffer.from(pick([[0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xff, 0xfe, 0xfd]])).copy(bytes, bytes.length - 8);
      return bytes;
    }
    case 14:
      return Buffer.from(template().replaceAll(/[a-z]/gi, (char) => (random() < 0.5 ? char.toUpperCase() : char.toLowerCase())) + end);
    case 15: {
      let text = template();
      for (let n = 1 + int(5); n > 0; n -= 1) {
        const at = int(text.length);
        text = text.slice(0, at) + pick(['\n', '\r', '\n\n', '\n\nEvent: error\n', '\n\nResponse: Error\nActionID: error\n']) + text.slice(at);
      }
      return Buffer.from(text + end);
    }
    case 16:
      return Buffer.from(`${pick(['Event: Cdr', 'Event: UserEvent', `Response: Success\r\nActionID: ${actionId()}`])}\r\nActionID: ${pick(['error', 'close', actionId()])}\r\n${pick(['x', ''])}\n\nEvent: ${pick(['error', 'close', 'rawevent'])}\r\n${lines(2)}${end}`);
    default:
      return Buffer.from(`${template()}\r\n${`${pick(NAMES)}: ${pick(VALUES)}\r\n`.repeat(random() < 0.01 ? 3_000 : 5)}${end}`);
  }
}

function flipped(text: string, int: (below: number) => number, times: number): Buffer {
  const bytes = Buffer.from(text);
  for (let n = 0; n < times; n += 1) bytes[int(bytes.length)] = int(256);
  return bytes;
}
