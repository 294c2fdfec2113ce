import { parseCdrStatus } from './cdr-status.js';
import type { AmiLine } from './line.js';

/** What this login may ask of this PBX: an action it doesn't know, or may not send, raises a security event. */
export interface Abilities {
  /** Actions in lower case, null when the PBX didn't list them. */
  readonly actions: ReadonlySet<string> | null;
  /** `22.10.1+dfsg…`, where the login may ask for it. */
  readonly asteriskVersion: string | null;
}

export const can = (abilities: Abilities, action: string): boolean => abilities.actions?.has(action.toLowerCase()) ?? false;

/** Asks `ListCommands`, which lists what exists and is permitted, and `CoreSettings` if it is among them. */
export async function readAbilities(line: AmiLine): Promise<Abilities> {
  const listed = await line.send({ Action: 'ListCommands' });
  if (listed.kind === 'error') return { actions: null, asteriskVersion: null };
  const actions = new Set(listed.headers.keys());
  if (!actions.has('coresettings')) return { actions, asteriskVersion: null };
  const settings = await line.send({ Action: 'CoreSettings' });
  return { actions, asteriskVersion: settings.headers.get('asteriskversion') ?? null };
}

/** An action that would be asked, and the `write` privilege that this login needs for it. */
export interface Lack {
  readonly purpose: string;
  readonly privilege: 'system' | 'reporting' | 'command';
}

/**
 * What the login lacks. Asterisk 16 and 22 ask `system` for PJSIPShowContacts,
 * `system` or `reporting` for SIPpeers and IAXpeerlist, `call` or `reporting` for Getvar, `command` for Command.
 */
export function lackedPrivileges(abilities: Abilities): readonly Lack[] {
  const lacks: Lack[] = [];
  if (!can(abilities, 'PJSIPShowContacts') && !hasSystem(abilities)) {
    lacks.push({ purpose: can(abilities, 'SIPpeers') || can(abilities, 'IAXpeerlist') ? 'list which PJSIP accounts are on line' : 'list who is on line', privilege: 'system' });
  }
  if (!can(abilities, 'Getvar')) lacks.push({ purpose: "ask for accounts' names and the PBX's time zone", privilege: 'reporting' });
  if (!can(abilities, 'Command')) lacks.push({ purpose: 'list open connections, so that CONNECT and DISCONNECT are inferred, nor check whether it hears all events and calls', privilege: 'command' });
  return lacks;
}

/** What the login lacks, for people. */
export function missingWritePrivileges(abilities: Abilities, username: string): readonly string[] {
  const warnings = lackedPrivileges(abilities).map(
    ({ purpose, privilege }) => `The AMI login "${username}" may not ${purpose}: add ${privilege} to its write= line in manager.conf.`,
  );
  if (hasNoListing(abilities)) warnings.push('The PBX has none of PJSIPShowContacts, SIPpeers and IAXpeerlist: load res_pjsip to see who is on line.');
  return warnings;
}

/** The login may ask, but the PBX has no module that lists who is on line. */
export const hasNoListing = (abilities: Abilities): boolean =>
  hasSystem(abilities) && !['PJSIPShowContacts', 'SIPpeers', 'IAXpeerlist'].some((action) => can(abilities, action));

// Two actions of Asterisk's core that ask for `system` alone.
const hasSystem = (abilities: Abilities): boolean => can(abilities, 'ModuleCheck') || can(abilities, 'DBPut');

/** The classes of events that Logbook listens to, as `read=` and `EventMask` name them. */
export const EVENT_CLASSES = ['system', 'security', 'cdr', 'user'] as const;

/**
 * The classes among {@link EVENT_CLASSES} that the login may not read, by `manager show user`, which
 * needs `Command` and prints `secret: <Set>` for the password. Null when the PBX doesn't say.
 */
export async function unreadClasses(line: AmiLine, username: string): Promise<readonly string[] | null> {
  if (!/^[\w.@-]+$/.test(username)) return null;
  const output = await commandOutput(line, `manager show user ${username}`);
  const read = /^\s*read perm:\s*(.*)$/m.exec(output)?.[1]?.split(',').map((name) => name.trim());
  return read ? EVENT_CLASSES.filter((name) => !read.includes(name) && !read.includes('all')) : null;
}

/**
 * What the login doesn't hear and what the PBX doesn't send, by `manager show user` and `cdr show
 * status`; both need `Command`. An empty list when the PBX doesn't say.
 */
export async function missingEvents(line: AmiLine, username: string): Promise<readonly string[]> {
  const warnings = ((await unreadClasses(line, username)) ?? []).map((name) => unheard(username, name));
  const cdr = parseCdrStatus(await commandOutput(line, 'cdr show status'));
  if (cdr && cdr.overAmi !== 'running') {
    warnings.push('The PBX sends no call records over AMI: set enabled = yes in cdr_manager.conf, and enable = yes in cdr.conf, and load cdr_manager.so.');
  }
  return warnings;
}

/** The warning for a class of events that the login may not read. */
export const unheard = (username: string, eventClass: string): string =>
  `The AMI login "${username}" does not hear ${eventClass} events: add ${eventClass} to its read= line in manager.conf.`;

/** The text a console command prints; `''` when it was not run. */
export async function commandOutput(line: AmiLine, command: string): Promise<string> {
  const answer = await line.send({ Action: 'Command', Command: command });
  return answer.headers.get('output') ?? '';
}
