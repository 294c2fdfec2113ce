import { describe, expect, test } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import { MonitorTrust, parseTransportMonitors } from '../../../src/ami/transport-monitors.js';

const listing = (lines: readonly string[], total = lines.length): string =>
  ['PJSIP Transport Monitors:', '', '<Remote Host...> <State.....> <Direction> <RefCnt> <Monitors> <ObjName............>', ...lines, '', `Total Transport Monitors: ${total}`, ''].join('\n');
const line = (remote: string, name: string, direction = 'Incoming', state = 'ACTIVE'): string =>
  ` ${remote.padEnd(48)} ${state}       ${direction}         2          0   ${name}`;

describe('parseTransportMonitors', () => {
  test('reads what clients opened, IPv6 without brackets as Asterisk prints it', () => {
    const output = listing([line('127.81.235.232:45595', 'tlss0x7f38b00da678'), line('::1:34944', 'tcps0x7fdb7c0016d8'), line('203.0.113.9:5061', 'tlsc0x1', 'Outgoing'), line('203.0.113.8:1', 'tcps0x2', 'Incoming', 'SHUTDOWN')]);
    expect(parseTransportMonitors(output)).toEqual([
      { remote: { transport: 'TLS', ip: '127.81.235.232', port: 45_595 }, objectName: 'tlss0x7f38b00da678' },
      { remote: { transport: 'TCP', ip: '::1', port: 34_944 }, objectName: 'tcps0x7fdb7c0016d8' },
    ]);
  });

  test('knows an empty listing from a text that is none, and from half of one', () => {
    expect(parseTransportMonitors(listing([]))).toEqual([]);
    expect(parseTransportMonitors("No such command 'pjsip show transport-monitors'")).toBeNull();
    expect(parseTransportMonitors(listing([line('127.0.0.1:1', 'tcps0x1')], 2))).toBeNull();
  });
});

describe('MonitorTrust', () => {
  const heard = (address: string) => amiEvent('SuccessfulAuth', 0, new Map([['service', 'PJSIP'], ['remoteaddress', address]]));
  const connection = { remote: { transport: 'TCP', ip: '127.0.0.1', port: 1 }, objectName: 'x' } as const;

  test('is lost when a socket lives through two polls that list nothing', () => {
    const trust = new MonitorTrust();
    expect(trust.isDisprovedBy(heard('IPV4/TCP/127.0.0.1/1'))).toBe(false);
    trust.poll([]);
    expect(trust.isDisprovedBy(heard('IPV4/TCP/127.0.0.1/1'))).toBe(false);
    trust.poll([]);
    expect(trust.isDisprovedBy(heard('IPV4/TCP/127.0.0.1/2'))).toBe(false);
    expect(trust.isDisprovedBy(heard('IPV4/TCP/127.0.0.1/1'))).toBe(true);
  });

  test('stays where the listing has ever shown one, and where clients use UDP', () => {
    const trust = new MonitorTrust();
    for (const address of ['IPV4/UDP/127.0.0.1/1', 'IPV4/TCP/127.0.0.1/1']) {
      trust.isDisprovedBy(heard(address));
      trust.poll([]);
      trust.poll(address.includes('TCP') ? [connection] : []);
      expect(trust.isDisprovedBy(heard(address))).toBe(false);
    }
  });
});
