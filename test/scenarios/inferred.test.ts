import { describe, expect, it } from 'vitest';
import { parseHostPort } from '../../src/ami/address.js';
import { amiEvent } from '../../src/ami/event.js';
import type { ChannelType, ListedContact, PbxInput } from '../../src/ami/input.js';
import type { AccountState } from '../../src/logs/output.js';
import { Translator } from '../../src/pipeline/translator.js';
import { fromSeconds } from '../../src/time.js';
import { replayInputs } from './replay.js';
import { A, B, WIRE_A, WIRE_B } from './wire.js';

const event = (name: string, at: number, headers: Readonly<Record<string, string>>): PbxInput => ({
  kind: 'event',
  event: amiEvent(name, fromSeconds(at), new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))),
});
const auth = (at: number, session: string, remote: string, service = 'PJSIP', account = '909'): PbxInput =>
  event('SuccessfulAuth', at, { Service: service, AccountID: account, SessionID: session, RemoteAddress: remote });
const contact = (at: number, status: string, uri: string): PbxInput => event('ContactStatus', at, { URI: uri, ContactStatus: status, EndpointName: '909' });
const peer = (at: number, status: string, address = ''): PbxInput => event('PeerStatus', at, { ChannelType: 'SIP', Peer: 'SIP/804', PeerStatus: status, Address: address });
const connected = (at: number): PbxInput => ({ kind: 'connected', at: fromSeconds(at) });
const disconnected = (at: number): PbxInput => ({ kind: 'disconnected', at: fromSeconds(at), reason: 'the PBX closed the connection' });
const tick = (at: number): PbxInput => ({ kind: 'tick', at: fromSeconds(at) });

function listed(uri: string, callId: string | null, fields: Partial<ListedContact> = {}): ListedContact {
  const base = { channelType: 'PJSIP', endpoint: '909', uri, callId, userAgent: 'phone/1', status: 'Reachable', remote: null, description: null } as const;
  return { ...base, expiresAt: fromSeconds(9_000), ...fields };
}
const sipPeer = (address: string): ListedContact => listed('804', null, { channelType: 'SIP', endpoint: '804', remote: parseHostPort(address), description: 'Zoë' });

function listing(at: number, contacts: readonly ListedContact[], channelType: ChannelType = 'PJSIP', baseline = true): PbxInput {
  return { kind: 'contacts', channelType, complete: true, contacts, requestedAt: fromSeconds(at), at: fromSeconds(at + 0.1), baseline };
}

/** 909 at A with the Call-ID s1, heard from the start. */
const registered = [connected(990), listing(991, []), auth(1_000, 's1', WIRE_A), contact(1_000.001, 'NonQualified', A), tick(1_010)];
/** Away from 1,100 to 1,200. */
const back = [tick(1_100), connected(1_200)];

const told = (inputs: readonly PbxInput[], translator?: Translator) =>
  replayInputs([...inputs, tick(2_000)], translator)
    .of('sip-session')
    .filter(({ row }) => row.event === 'REGISTER' || row.event === 'UNREGISTER');
const rows = (inputs: readonly PbxInput[], translator?: Translator): string[] =>
  told(inputs, translator).map(({ row, doubt }) => `${row.timestamp / 1e6} ${row.event} ${row.source} ${row.details} ${row.remoteAddress ?? '-'}${doubt ? ` since ${doubt.kind === 'inferred' ? doubt.since / 1e6 : '?'}` : ''}`);

const REGISTERED = '1000 REGISTER CLIENT 200 OK 192.0.2.1:5060';

describe('the first listing after a break', () => {
  it('proves who left', () => {
    expect(rows([...registered, ...back, listing(1_201, [])])).toEqual([REGISTERED, '1201 UNREGISTER SERVER INFERRED 192.0.2.1:5060 since 1100']);
  });

  it('is waited for, whatever the clock was set back to meanwhile', () => {
    const setBack = [...registered, auth(1_099, 's2', WIRE_B), connected(1_050), tick(1_051), tick(1_055)];
    expect(rows(setBack)).toEqual([REGISTERED]);
    expect(rows([...setBack, listing(1_056, [listed(A, 's1'), listed(B, 's2')])])).toEqual([REGISTERED, expect.stringMatching(/^1099 REGISTER CLIENT 200 OK 192\.0\.2\.2:5060/)]);
  });

  it('proves who came, with the name and the user agent that it knows', () => {
    const output = told([...registered, ...back, listing(1_201, [listed(A, 's1'), listed(B, 's2', { description: 'Sara' })])])[1];
    expect(output).toMatchObject({
      row: { event: 'REGISTER', source: 'SERVER', details: 'INFERRED', peername: '909', account: 'Sara', userAgent: 'phone/1', timestamp: fromSeconds(1_201), reconciled: true },
      doubt: { kind: 'inferred', since: fromSeconds(1_100), heard: [] },
    });
  });

  it('proves a registration by another Call-ID, and none by the same', () => {
    expect(rows([...registered, ...back, listing(1_201, [listed(A, 's2')])])).toEqual([REGISTERED, '1201 REGISTER SERVER INFERRED 192.0.2.1:5060 since 1100']);
    expect(rows([...registered, ...back, listing(1_201, [listed(A, 's1')])])).toEqual([REGISTERED]);
  });

  it('tells since when: from the end of the login, where that was said', () => {
    expect(rows([...registered, tick(1_080), disconnected(1_075), ...back, listing(1_201, [])])[1]).toMatch(/ since 1075$/);
  });

  it('proves nothing that events say, before it or a moment later', () => {
    const left = [auth(1_200.5, 's1', WIRE_A), contact(1_200.501, 'Removed', A)];
    const said = [REGISTERED, '1200.5 UNREGISTER CLIENT 200 OK 192.0.2.1:5060'];
    expect(rows([...registered, ...back, ...left, listing(1_201, [])])).toEqual(said);
    expect(rows([...registered, ...back, listing(1_200.6, []), ...left])).toEqual(said);
    const came = [auth(1_200.5, 's2', WIRE_B), contact(1_200.501, 'NonQualified', B)];
    const both = [listed(A, 's1'), listed(B, 's2')];
    for (const order of [[...came, listing(1_201, both)], [listing(1_200.499, both), ...came], [came[0] as PbxInput, listing(1_200.5, both), came[1] as PbxInput]]) {
      expect(rows([...registered, ...back, ...order]).slice(1)).toEqual([expect.stringMatching(/^1200.5 REGISTER CLIENT 200 OK 192.0.2.2:5060/)]);
    }
  });

  it('proves nothing at the very first start, nor of a driver that was never listed before', () => {
    expect(rows([connected(1_000), listing(1_001, [listed(A, 's1')])])).toEqual([]);
    expect(rows([...registered, ...back, listing(1_201, [sipPeer('192.0.2.4:5060')], 'SIP'), listing(1_202, [listed(A, 's1')])])).toEqual([REGISTERED]);
  });

  it('proves nothing twice: not again by the next listing, nor by the next login', () => {
    const gone = [...registered, ...back, listing(1_201, []), tick(1_210)];
    expect(rows([...gone, listing(1_211, [], 'PJSIP', false), listing(1_221, [], 'PJSIP', false), connected(1_300), listing(1_301, [])])).toHaveLength(2);
  });

  it('keeps to the break when the login ended before any listing', () => {
    expect(rows([...registered, ...back, connected(1_300), listing(1_301, [])])[1]).toBe('1301 UNREGISTER SERVER INFERRED 192.0.2.1:5060 since 1100');
  });

  it('takes an account off line at once, though its row waits for better evidence', () => {
    const outputs = replayInputs([...registered, ...back, listing(1_201, [])]);
    expect(outputs.of('account-state').at(-1)?.account).toMatchObject({ contacts: [], since: fromSeconds(1_201) });
    expect(outputs.of('sip-session').map(({ row }) => row.details)).not.toContain('INFERRED');
  });
});

describe('an account with several contacts', () => {
  const two = [...registered, auth(1_050, 's2', WIRE_B), contact(1_050.001, 'NonQualified', B)];

  it('loses one of them, or all', () => {
    expect(rows([...two, ...back, listing(1_201, [listed(B, 's2')])]).at(-1)).toBe('1201 UNREGISTER SERVER INFERRED, 1 contact left 192.0.2.1:5060 since 1100');
    expect(rows([...two, ...back, listing(1_201, [])]).slice(2)).toEqual([
      '1201 UNREGISTER SERVER INFERRED 192.0.2.1:5060 since 1100',
      '1201 UNREGISTER SERVER INFERRED 192.0.2.2:5060 since 1100',
    ]);
  });

  it('has its phone move: one contact in the place of another', () => {
    expect(rows([...registered, ...back, listing(1_201, [listed(B, 's1')])]).slice(1).sort()).toEqual([
      '1201 REGISTER SERVER INFERRED - since 1100',
      '1201 UNREGISTER SERVER INFERRED, 1 contact left 192.0.2.1:5060 since 1100',
    ]);
  });

  it('knows its own rows apart from those that would say the same', () => {
    const gone = [...two, auth(1_099, 's1', WIRE_A), contact(1_099.001, 'Removed', A), tick(1_099.5), connected(1_102), listing(1_103, [])];
    const [one, other] = told(gone).filter(({ row }) => row.event === 'UNREGISTER');
    expect(one?.row.details).toBe('200 OK, 1 contact left');
    expect(other?.doubt).toMatchObject({ kind: 'inferred', heard: [one?.row.key] });
  });
});

describe('configured contacts', () => {
  it('are never registrations, whatever they did around the break', () => {
    const flapping = contact(1_050, 'Reachable', B);
    expect(rows([...registered, flapping, ...back, contact(1_200.5, 'Reachable', B), listing(1_201, [listed(A, 's1')]), contact(1_210, 'Reachable', B)])).toEqual([REGISTERED]);
    expect(rows([...registered, flapping, ...back, listing(1_201, [listed(A, 's1')]), contact(1_210, 'Unreachable', B)])).toEqual([REGISTERED]);
  });
});

describe('chan_sip', () => {
  const sip = [connected(990), listing(991, [], 'SIP'), peer(1_000, 'Registered', '192.0.2.4:5060'), tick(1_010)];
  const FIRST = '1000 REGISTER CLIENT 200 OK 192.0.2.4:5060';

  it('has peers that came, left and moved', () => {
    expect(rows([...sip, ...back, listing(1_201, [], 'SIP')])).toEqual([FIRST, '1201 UNREGISTER SERVER INFERRED 192.0.2.4:5060 since 1100']);
    expect(rows([...sip, ...back, listing(1_201, [sipPeer('192.0.2.4:5060')], 'SIP')])).toEqual([FIRST]);
    expect(rows([...sip, ...back, listing(1_201, [sipPeer('192.0.2.5:5060')], 'SIP')]).slice(1).sort()).toEqual([
      '1201 REGISTER SERVER INFERRED 192.0.2.5:5060 since 1100',
      '1201 UNREGISTER SERVER INFERRED, 1 contact left 192.0.2.4:5060 since 1100',
    ]);
    expect(rows([connected(990), listing(991, [], 'SIP'), ...back, listing(1_201, [sipPeer('192.0.2.4:5060')], 'SIP')])).toEqual(['1201 REGISTER SERVER INFERRED 192.0.2.4:5060 since 1100']);
  });

  it('compares the address that it gave itself, not the one on the wire', () => {
    const behindNat = [connected(990), listing(991, [], 'SIP'), peer(1_000, 'Registered', '10.0.0.4:5060'), auth(1_000.001, 'p', 'IPV4/UDP/192.0.2.4/40000', 'SIP', '804'), tick(1_010)];
    expect(rows([...behindNat, ...back, listing(1_201, [sipPeer('10.0.0.4:5060')], 'SIP')])).toHaveLength(1);
  });

  it('does not know when one left who comes from elsewhere before the first listing', () => {
    expect(rows([...sip, ...back, peer(1_200.5, 'Registered', '192.0.2.5:5060'), listing(1_201, [sipPeer('192.0.2.5:5060')], 'SIP')]).slice(1).sort()).toEqual([
      expect.stringMatching(/^1200.5 REGISTER CLIENT 200 OK 192.0.2.5:5060/),
      '1200.5 UNREGISTER SERVER INFERRED, 1 contact left 192.0.2.4:5060 since 1100',
    ]);
  });
});

describe('accounts that only the database remembers', () => {
  const stored = (username: string, updatedAt: number): AccountState => ({
    pbx: 'lab',
    channelType: 'PJSIP',
    username,
    description: 'Sara',
    contacts: [{ uri: A, callId: 's1', remoteAddress: '192.0.2.1:5060', transport: 'UDP', userAgent: 'phone/1', expiresAt: fromSeconds(1_060), status: 'Reachable', registeredAt: fromSeconds(1_000) }],
    since: fromSeconds(1_000),
    updatedAt: fromSeconds(updatedAt),
  });
  const restored = (): Translator => {
    const translator = new Translator('lab');
    translator.restore([stored('908', 1_090), stored('909', 1_050)]);
    return translator;
  };

  it('are squared with the listing too, since the newest that is stored', () => {
    const since = ' since 1090';
    expect(rows([connected(9_000), listing(9_001, [listed(A, 's1', { endpoint: '908' })])], restored())).toEqual([`9001 UNREGISTER SERVER INFERRED 192.0.2.1:5060${since}`]);
    expect(rows([connected(9_000), listing(9_001, [listed(A, 's1', { endpoint: '908' }), listed(A, 's2')])], restored())).toEqual([`9001 REGISTER SERVER INFERRED 192.0.2.1:5060${since}`]);
  });
});
