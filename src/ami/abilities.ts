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

/**
 * What the login lacks, for people. Asterisk 16 and 22 ask `system` for PJSIPShowContacts,
 * `system` or `reporting` for SIPpeers, `call` or `reporting` for Getvar, `command` for Command.
 */
export function missingWritePrivileges(abilities: Abilities, username: string): readonly string[] {
  const warnings: string[] = [];
  const lacks = (what: string, privilege: string): void => {
    warnings.push(`The AMI login "${username}" may not ${what}: add ${privilege} to its write= line in manager.conf.`);
  };
  const hasPeers = can(abilities, 'SIPpeers');
  if (!can(abilities, 'PJSIPShowContacts')) {
    if (!hasSystem(abilities)) lacks(hasPeers ? 'list which PJSIP accounts are on line' : 'list who is on line', 'system');
    else if (!hasPeers) warnings.push('The PBX has neither PJSIPShowContacts nor SIPpeers: load res_pjsip to see who is on line.');
  }
  if (!can(abilities, 'Getvar')) lacks("ask for accounts' names and the PBX's time zone", 'reporting');
  if (!can(abilities, 'Command')) lacks('list open connections, so that CONNECT and DISCONNECT are inferred', 'command');
  return warnings;
}

// Two actions of Asterisk's core that ask for `system` alone.
const hasSystem = (abilities: Abilities): boolean => can(abilities, 'ModuleCheck') || can(abilities, 'DBPut');

const CLASSES = ['system', 'security', 'cdr', 'user'] as const;

/**
 * What the login doesn't hear and what the PBX doesn't send, by `manager show user` and `cdr show
 * status`; both need `Command`. An empty list when the PBX doesn't say.
 */
export async function missingEvents(line: AmiLine, username: string): Promise<readonly string[]> {
  const warnings: string[] = [];
  if (/^[\w.@-]+$/.test(username)) {
    const output = await commandOutput(line, `manager show user ${username}`);
    const read = /^\s*read perm:\s*(.*)$/m.exec(output)?.[1]?.split(',').map((name) => name.trim());
    if (read && !read.includes('all')) {
      for (const name of CLASSES) if (!read.includes(name)) warnings.push(unheard(username, name));
    }
  }
  const cdr = await commandOutput(line, 'cdr show status');
  if (/Call Detail Record/i.test(cdr) && !/^\s*cdr_manager\s*$/m.test(cdr)) {
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
