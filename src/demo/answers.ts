import { MICROS_PER_SECOND } from '../time.js';
import { callerId } from './people.js';
import type { Playback } from './playback.js';
import { headerOf, type Recording } from './recording.js';

const COMMANDS = ['Command', 'CoreSettings', 'Events', 'Getvar', 'ListCommands', 'Login', 'Logoff', 'Ping', 'PJSIPShowContacts'];

/** What the demo's PBX answers to an action: blocks without their ActionID, the first being the answer itself. */
export function answer(action: string, playback: Playback, recording: Recording): readonly string[] {
  switch (headerOf(action, 'Action').toLowerCase()) {
    case 'ping': {
      const now = playback.now();
      return [`Response: Success\r\nPing: Pong\r\nTimestamp: ${Math.floor(now / MICROS_PER_SECOND)}.${String(now % MICROS_PER_SECOND).padStart(6, '0')}\r\n`];
    }
    case 'events':
      return ['Response: Success\r\nEvents: On\r\n'];
    case 'listcommands':
      return [`Response: Success\r\n${COMMANDS.map((name) => `${name}: Played from a recording.  (Priv: <none>)\r\n`).join('')}`];
    case 'coresettings':
      return [recording.settings];
    case 'pjsipshowcontacts':
      return contacts(playback.contacts());
    case 'command':
      return [command(headerOf(action, 'Command'), playback)];
    case 'getvar':
      return [getvar(headerOf(action, 'Variable'))];
    case 'logoff':
      return ['Response: Goodbye\r\nMessage: Thanks for all the fish.\r\n'];
    default:
      return ['Response: Error\r\nMessage: Invalid/unknown command\r\n'];
  }
}

function contacts(blocks: readonly string[]): readonly string[] {
  if (blocks.length === 0) return ['Response: Error\r\nMessage: No Contacts found\r\n'];
  return [
    'Response: Success\r\nEventList: start\r\nMessage: A listing of Contacts follows, presented as ContactList events\r\n',
    ...blocks,
    `Event: ContactListComplete\r\nEventList: Complete\r\nListItems: ${blocks.length}\r\n`,
  ];
}

function command(line: string, playback: Playback): string {
  if (line === 'pjsip show transport-monitors') return playback.monitors();
  return "Response: Error\r\nMessage: Command output follows\r\nOutput: No such command\r\n";
}

// The recorded PBX was on UTC.
function getvar(variable: string): string {
  const endpoint = /^PJSIP_ENDPOINT\((\w+),callerid\)$/.exec(variable)?.[1];
  const value = endpoint === undefined ? (/^STRFTIME\(\d+,,%z\)$/.test(variable) ? '+0000' : '') : callerId(endpoint);
  return `Response: Success\r\nVariable: ${variable}\r\nValue: ${value}\r\n`;
}
