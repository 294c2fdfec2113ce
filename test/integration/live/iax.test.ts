import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { startAsterisk } from '../../support/asterisk.js';
import { IaxPhone } from '../../support/iax-phone.js';
import { BOTH, describeLive } from '../../support/live.js';
import { eventually, type Logbook, type Row } from '../../support/logbook.js';

/** chan_iax2 waits ten seconds longer than it granted, and test/support/asterisk/iax.conf grants six at most. */
const LONGEST_MS = 16_000;

for (const setup of BOTH) {
  describeLive(setup, 'IAX2', (live) => {
    const undo: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const step of undo.splice(0).reverse()) await step();
    });

    const phone = async (ip: string): Promise<IaxPhone> => {
      const started = await IaxPhone.at({ user: 'iax2', password: 'iax2-secret', port: live().pbx.iaxPort, ip });
      undo.push(() => started.close());
      return started;
    };
    const onLine = (username: string): Promise<Row[]> => live().logbook.rows('registered-accounts', { username });

    it('of another Asterisk that registers, refreshes and is switched off', async () => {
      const { logbook, pbx } = live();
      const from = Date.now();
      const watch = await pbx.watch();
      undo.push(() => {
        watch.close();
        return Promise.resolve();
      });
      const branch = await startAsterisk({ version: 16, iaxRegisterPort: pbx.iaxPort });
      undo.push(() => branch.stop());
      const told = await watch.event('PeerStatus', (event) => event['Peer'] === 'IAX2/iax1' && event['PeerStatus'] === 'Registered');
      expect(told).toMatchObject({ ChannelType: 'IAX2', Address: '127.0.0.1' });
      expect(told).not.toHaveProperty('Port');
      const remote = `127.0.0.1:${branch.iaxPort}`;

      await eventually(async () => expect(await onLine('iax1')).toMatchObject([{ ipAddress: '127.0.0.1', port: branch.iaxPort, status: 'Reachable', pbx: `asterisk-${setup.version}` }]));
      const [registered] = await sessions(logbook, 'iax1', from, ['REGISTER CLIENT 200 OK']);
      expect(registered).toMatchObject({ remoteAddress: expect.stringMatching(/^127\.0\.0\.1(:\d+)?$/) as unknown, reconciled: true });
      expect(Math.abs(Date.parse(String(registered?.['timestamp'])) - Number(told['Timestamp']) * 1_000)).toBeLessThan(2);
      await eventually(async () => expect(await connections(logbook, remote)).toMatchObject([{ event: 'CONNECT', details: 'FIRST_SEEN', peername: 'iax1', reconciled: true }]));

      // Nothing is said of the refreshes without which it would have expired by now.
      await sleep(LONGEST_MS + 1_000);
      await sessions(logbook, 'iax1', from, ['REGISTER CLIENT 200 OK']);
      expect(await onLine('iax1')).toHaveLength(1);

      await branch.halt('SIGKILL');
      await sessions(logbook, 'iax1', from, ['REGISTER CLIENT 200 OK', 'UNREGISTER SERVER EXPIRED'], LONGEST_MS + 60_000);
      expect(await onLine('iax1')).toEqual([]);
      expect((await connections(logbook, remote)).at(-1)).toMatchObject({ event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: 'iax1' });
    }, 300_000);

    it('of a phone that registers and unregisters, with its name', async () => {
      const { logbook } = live();
      const from = Date.now();
      const there = await phone('127.9.9.9');
      const seen = await there.register(60);
      expect(seen).toMatchObject({ accepted: true });
      await eventually(async () => expect(await onLine('iax2')).toMatchObject([{ ipAddress: '127.9.9.9', port: there.localPort, description: 'Branch' }]));
      await there.register(60);
      await sleep(1_000);
      const left = await there.unregister();
      const rows = await sessions(logbook, 'iax2', from, ['REGISTER CLIENT 200 OK', 'UNREGISTER CLIENT 200 OK']);
      for (const [index, at] of [seen.at, left.at].entries()) {
        expect(rows[index]).toMatchObject({ account: 'Branch', remoteAddress: expect.stringMatching(/^127\.9\.9\.9(:\d+)?$/) as unknown });
        expect(Math.abs(Date.parse(String(rows[index]?.['timestamp'])) - at)).toBeLessThan(1_000);
      }
      expect(await onLine('iax2')).toEqual([]);
    });

    it('of a phone with a wrong password say nothing, like the PBX', async () => {
      const { logbook } = live();
      const from = Date.now();
      const seen = await (await phone('127.9.9.12')).register(60, 'guessed');
      expect(seen).toMatchObject({ accepted: false });
      await sleep(2_500);
      await sessions(logbook, 'iax2', from, []);
    });

    it('of a phone whose line breaks for a while', async () => {
      const { logbook } = live();
      const there = await phone('127.9.9.13');
      const { remote } = await there.register(60);
      await eventually(async () => expect(await onLine('iax2')).toMatchObject([{ ipAddress: '127.9.9.13', port: there.localPort, status: 'Reachable' }]));
      there.fallSilent();
      await eventually(async () => expect(await connections(logbook, remote)).toMatchObject([{ event: 'CONNECT' }, { event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: 'iax2' }]));
      expect(await onLine('iax2')).toMatchObject([{ status: 'Unreachable' }]);
      there.answerAgain();
      await eventually(async () => expect((await connections(logbook, remote)).at(-1)).toMatchObject({ event: 'CONNECT', details: 'REACHABLE', peername: 'iax2' }));
      await there.unregister();
      await eventually(async () => expect(await onLine('iax2')).toEqual([]));
    });

    it('of a phone that comes from another address are replaced', async () => {
      const { logbook } = live();
      const from = Date.now();
      await (await phone('127.9.9.14')).register(60);
      await eventually(async () => expect(await onLine('iax2')).toMatchObject([{ ipAddress: '127.9.9.14' }]));
      const there = await phone('127.9.9.15');
      await there.register(60);
      await eventually(async () => expect(await onLine('iax2')).toMatchObject([{ ipAddress: '127.9.9.15', port: there.localPort }]));
      const rows = await eventually(async () => {
        const told = await logbook.rows('sip-sessions', { peername: 'iax2', from: new Date(from).toISOString(), event: 'UNREGISTER' });
        expect(told).toHaveLength(1);
        return told;
      });
      expect(rows).toMatchObject([{ source: 'SERVER', details: 'REPLACED', remoteAddress: expect.stringMatching(/^127\.9\.9\.14/) as unknown }]);
      await there.unregister();
      await eventually(async () => expect(await onLine('iax2')).toEqual([]));
    });

    it('that ended while Logbook was stopped', async () => {
      const { logbook, pbx } = live();
      const watch = await pbx.watch();
      undo.push(() => {
        watch.close();
        return Promise.resolve();
      });
      const from = Date.now();
      const there = await phone('127.9.9.16');
      const seen = await there.register(1);
      await eventually(async () => expect(await onLine('iax2')).toHaveLength(1));
      await logbook.halt();
      there.fallSilent();
      await watch.event('PeerStatus', (event) => event['Peer'] === 'IAX2/iax2' && event['Cause'] === 'Expired' && Number(event['Timestamp']) * 1_000 > seen.at, LONGEST_MS + 60_000);
      await logbook.start();
      await eventually(async () => expect(await onLine('iax2')).toEqual([]));
      await sessions(logbook, 'iax2', from, ['REGISTER CLIENT 200 OK', 'UNREGISTER SERVER INFERRED']);
    });

    it('of the PBX itself at another one', async () => {
      const { logbook, pbx } = live();
      const provider = await startAsterisk({ version: 16 });
      undo.push(() => provider.stop());
      const file = join(pbx.dir, 'etc/iax.conf');
      const without = readFileSync(file, 'utf8');
      const registerWith = async (secret: string): Promise<void> => {
        writeFileSync(file, without.replace('[general]\n', `[general]\nregister => iax1:${secret}@127.0.0.1:${provider.iaxPort}\n`));
        await pbx.cli('iax2 reload');
      };
      const own = async (): Promise<Row[]> =>
        (await logbook.rows('sip-sessions', { peername: 'iax1', sort: 'timestamp', order: 'asc' })).filter((row) => row['account'] === `127.0.0.1:${provider.iaxPort}`);
      await registerWith('iax1-secret');
      await eventually(async () => expect(await own()).toMatchObject([{ event: 'REGISTER', source: 'SERVER', details: '200 OK', reconciled: true }]));
      await registerWith('guessed');
      await eventually(async () => expect((await own()).slice(1)).toMatchObject([{ event: 'REGISTER', source: 'SERVER', details: 'REJECTED Registration Refused' }]));
      writeFileSync(file, without);
      await pbx.cli('iax2 reload');
    });
  });
}

/** Waits until an account's registrations since `from` are exactly these, oldest first. */
function sessions(logbook: Logbook, peername: string, from: number, expected: readonly string[], timeoutMs?: number): Promise<Row[]> {
  return eventually(async () => {
    const rows = await logbook.rows('sip-sessions', { peername, from: new Date(from).toISOString(), order: 'asc', sort: 'timestamp' });
    const registrations = rows.filter((row) => String(row['event']).endsWith('REGISTER'));
    expect(registrations.map((row) => ['event', 'source', 'details'].map((name) => String(row[name])).join(' '))).toEqual(expected);
    return registrations;
  }, timeoutMs);
}

/** The CONNECT and DISCONNECT rows of an address, oldest first. */
async function connections(logbook: Logbook, remoteAddress: string): Promise<Row[]> {
  const rows = await logbook.rows('sip-sessions', { remoteAddress, order: 'asc', sort: 'timestamp' });
  return rows.filter((row) => String(row['event']).endsWith('CONNECT'));
}
