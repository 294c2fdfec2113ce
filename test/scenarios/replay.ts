import { readFileSync } from 'node:fs';
import { parseHostPort, parseTransport } from '../../src/ami/address.js';
import { amiEvent } from '../../src/ami/event.js';
import { parseIaxPeer } from '../../src/ami/iax-peers.js';
import type { ListedContact, MonitoredConnection, PbxInput } from '../../src/ami/input.js';
import type { Output } from '../../src/logs/output.js';
import { Translator } from '../../src/pipeline/translator.js';
import { fromSeconds, MICROS_PER_SECOND, parseIso, type Micros } from '../../src/time.js';

export const capture = (name: string): string => readFileSync(new URL(`../captures/${name}`, import.meta.url), 'utf8');

type OutputOf<K extends Output['kind']> = Extract<Output, { kind: K }>;

export interface Replayed {
  readonly outputs: readonly Output[];
  of<K extends Output['kind']>(kind: K): OutputOf<K>[];
  /** The session log, oldest first, one row a key, with what was filled in later. */
  sessions(): OutputOf<'sip-session'>['row'][];
}

/** Replays what the wire said through translation. */
export const replay = (text: string): Replayed => replayInputs(inputsOf(text));

export function replayInputs(inputs: readonly PbxInput[], translator = new Translator('lab')): Replayed {
  return replayed(inputs.flatMap((input) => translator.handle(input)));
}

/** A look at outputs by kind. Throws what translation threw. */
export function replayed(outputs: readonly Output[]): Replayed {
  for (const output of outputs) if (output.kind === 'untranslatable' && output.fault !== undefined) throw new Error(output.reason, { cause: output.fault });
  const of = <K extends Output['kind']>(kind: K): OutputOf<K>[] => outputs.filter((output): output is OutputOf<K> => output.kind === kind);
  return { outputs, of, sessions: () => sessionsOf(of('sip-session'), of('sip-session-detail')) };
}

/**
 * What the wire said as inputs, with a tick after each block and one a minute after the last. Stands in for src/ami, which
 * has tests of its own: here text becomes inputs in the simplest way, with the PBX's own times.
 */
export function inputsOf(text: string): PbxInput[] {
  const inputs: PbxInput[] = [];
  const give = (input: PbxInput): void => void inputs.push(input);
  const baseline = new Set<string>();
  const isFirst = (kind: string): boolean => !baseline.has(kind) && baseline.add(kind).size > 0;
  let now: Micros = 0;
  let contacts: ListedContact[] = [];
  let iaxPeers: (ListedContact | null)[] | null = null;
  for (const block of text.replaceAll(/\r?\n/g, '\n').split(/\n\n+/)) {
    const { headers, output } = parse(block);
    const own = parseIso(headers.get('eventtv') ?? '') ?? fromSeconds(Number(headers.get('timestamp') ?? Number.NaN));
    const at = Number.isNaN(own) ? now : own;
    now = Math.max(now, at, fromSeconds(Number(headers.get('timestamp') ?? 0)));
    const event = headers.get('event');
    const listing = { requestedAt: now, at: now };
    if (event === 'ContactList') contacts.push(listed(headers));
    else if (event === 'ContactListComplete' || headers.get('message') === 'No Contacts found') {
      give({ kind: 'contacts', channelType: 'PJSIP', complete: true, contacts, baseline: isFirst('contacts'), ...listing });
      contacts = [];
    } else if (event === 'PeerEntry' && headers.get('channeltype') === 'IAX') (iaxPeers ??= []).push(parseIaxPeer(headers));
    else if (event === 'PeerlistComplete' && iaxPeers) {
      const peers = iaxPeers.filter((peer) => peer !== null);
      give({ kind: 'contacts', channelType: 'IAX2', complete: true, contacts: peers, baseline: isFirst('IAX2'), ...listing });
      iaxPeers = null;
    } else if (output.length > 0) {
      give({ kind: 'transport-monitors', connections: connectionsOf(output), baseline: isFirst('monitors'), ...listing });
    } else if (event !== undefined) give({ kind: 'event', event: amiEvent(event, at, headers) });
    give({ kind: 'tick', at: now });
  }
  give({ kind: 'tick', at: now + 60 * MICROS_PER_SECOND });
  return inputs;
}

function sessionsOf(written: OutputOf<'sip-session'>[], details: OutputOf<'sip-session-detail'>[]): OutputOf<'sip-session'>['row'][] {
  const rows = new Map(written.map(({ row }) => [row.key, row]));
  for (const { key, userAgent, account } of details) {
    const row = rows.get(key);
    if (row) rows.set(key, { ...row, userAgent: row.userAgent ?? userAgent, account: row.account ?? account });
  }
  return [...rows.values()].sort((a, b) => a.timestamp - b.timestamp);
}

function parse(block: string): { headers: Map<string, string>; output: string[] } {
  const headers = new Map<string, string>();
  const output: string[] = [];
  for (const line of block.split('\n')) {
    const match = /^([^:]+): ?(.*)$/.exec(line);
    if (match?.[1] === 'Output') output.push(match[2] ?? '');
    else if (match) headers.set((match[1] ?? '').toLowerCase(), match[2] ?? '');
  }
  return { headers, output };
}

function listed(headers: ReadonlyMap<string, string>): ListedContact {
  return {
    channelType: 'PJSIP',
    endpoint: headers.get('endpoint') ?? '',
    uri: headers.get('uri') ?? '',
    callId: headers.get('callid') ?? null,
    userAgent: headers.get('useragent') ?? null,
    expiresAt: fromSeconds(Number(headers.get('expirationtime') ?? 0)),
    status: headers.get('status') ?? '',
    remote: null,
    description: null,
  };
}

function connectionsOf(output: readonly string[]): MonitoredConnection[] {
  return output.flatMap((line) => {
    const match = /^\s(\S+)\s+ACTIVE\s+Incoming\s.*\s(\S+)\s*$/.exec(line);
    const remote = match ? parseHostPort(match[1] ?? '', parseTransport((match[2] ?? '').slice(0, 3))) : null;
    return remote && match ? [{ remote, objectName: match[2] ?? '' }] : [];
  });
}
