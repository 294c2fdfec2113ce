import { expect, it } from 'vitest';
import { describeLive, type Live, type Setup } from '../../support/live.js';
import { eventually, type Row } from '../../support/logbook.js';

const SETUPS: readonly Setup[] = [
  // Ten hours and a half off UTC, with nothing in the events that says so.
  { version: 16, cdrMappings: false, timeZone: 'Australia/Adelaide' },
  { version: 22, servers: true, timeZone: 'America/St_Johns' },
];

/** The call records that were not there before. Times alone cannot tell: without the mappings they are whole seconds. */
async function newCalls(live: Live): Promise<() => Promise<Row[]>> {
  const known = new Set((await live.logbook.rows('cdrs')).map((row) => row['id']));
  return async () => (await live.logbook.rows('cdrs')).filter((row) => !known.has(row['id']));
}

for (const setup of SETUPS) {
  describeLive(setup, `calls ${setup.cdrMappings === false ? 'without' : 'with'} the epoch mappings, far from UTC`, (live) => {
    const caller = (): ReturnType<Live['udp']> => live().udp('909', { ip: '127.57.41.40' });

    it.each([
      ['600', 200, 'ANSWERED', 'ANSWERED'],
      ['601', 486, 'BUSY', 'BUSY'],
      ['602', 503, 'FAILED', 'CONGESTION'],
      ['930', 503, 'FAILED', 'CONGESTION'],
      ['605', 404, 'FAILED', 'FAILED'],
    ])('to %s end with %i for the phone and %s in the log', async (number, status, disposition, asteriskDisposition) => {
      const phone = await caller();
      const calls = await newCalls(live());
      const from = Date.now();
      const seen = await phone.invite(number);
      expect(seen.status).toBe(status);
      const row = await eventually(async () => {
        const rows = await calls();
        expect(rows).toMatchObject([{ src: '909', dst: number, disposition, asteriskDisposition, callerId: '"Sara" <909>', dcontext: 'lab' }]);
        return rows[0];
      });
      expect(Math.abs(Date.parse(String(row?.['callDate'])) - from)).toBeLessThan(setup.cdrMappings === false ? 2_000 : 1_000);
      if (setup.cdrMappings !== false) expect(row?.['callDate']).toMatch(/\.\d{6}Z$/);
    });

    it.each([
      ['answer', 200, 'ANSWERED'],
      ['ring', 603, 'NO_ANSWER'],
      ['486 Busy Here', 486, 'BUSY'],
      // Asterisk's own word for a callee who declines is NO ANSWER.
      ['603 Decline', 503, 'NO_ANSWER'],
    ] as const)('to a phone that will %s end so', async (manner, status, disposition) => {
      const [phone, callee] = [await caller(), await live().udp('908', { ip: '127.57.41.38' })];
      await callee.behave(manner);
      await callee.register(120);
      const calls = await newCalls(live());
      const seen = await phone.invite('908', 1_500);
      expect(seen.status).toBe(status);
      const [row] = await eventually(async () => {
        const rows = await calls();
        expect(rows).toMatchObject([{ src: '909', dst: '908', disposition, channel: expect.stringMatching(/^PJSIP\/909-/) as unknown, dstchannel: expect.stringMatching(/^PJSIP\/908-/) as unknown }]);
        return rows;
      });
      if (disposition === 'ANSWERED') {
        expect(Number(row?.['billsec'])).toBeGreaterThanOrEqual(1);
        expect(Date.parse(String(row?.['answerDate']))).toBeGreaterThanOrEqual(Date.parse(String(row?.['callDate'])));
      } else {
        expect(row).toMatchObject({ billsec: 0, answerDate: null });
      }
      await callee.unregister();
    });

    it('to a phone that has just left tell on their page that it had', async () => {
      const [phone, callee] = [await caller(), await live().udp('908', { ip: '127.57.41.38' })];
      await phone.register(120);
      await callee.register(120);
      await callee.unregister();
      await eventually(async () => expect(await live().logbook.rows('sip-sessions', { peername: '908', limit: '1' })).toMatchObject([{ event: 'UNREGISTER' }]));
      const calls = await newCalls(live());
      await phone.invite('908');
      const row = await eventually(async () => {
        const [found] = await calls();
        expect(found).toMatchObject({ disposition: 'FAILED' });
        return found;
      });
      const name = row?.['linkedid'] === '' ? String(row['uniqueid']) : String(row?.['linkedid']);
      const call = (await (await live().logbook.get(`/api/v1/calls/${name}`)).json()) as { readonly accounts: readonly Row[]; readonly events: readonly Row[] };
      expect(call.accounts).toMatchObject([
        { username: '909', by: 'channel', before: { online: true } },
        { username: '908', before: { online: false, heardSince: true, event: { event: 'UNREGISTER' } } },
      ]);
      expect(call.events.map(({ peername, event }) => `${String(peername)} ${String(event)}`)).toEqual(expect.arrayContaining(['909 REGISTER', '908 REGISTER', '908 UNREGISTER']));
      const account = (await (await live().logbook.get(`/api/v1/accounts/${encodeURIComponent(String(row?.['pbx']))}/908`)).json()) as Row;
      expect(account).toMatchObject({ online: false, addresses: [{ value: '127.57.41.38' }] });
      await phone.unregister();
    });

    it('keep any text that a caller or a dialplan puts in', async () => {
      const phone = await live().udp('921', { ip: '127.57.41.45' });
      const calls = await newCalls(live());
      const watch = await live().pbx.watch();
      expect((await phone.invite('603')).status).toBe(200);
      const { UserField: told } = await watch.event('Cdr', (event) => event['Source'] === '921');
      watch.close();
      expect(told).toMatch(/^Grüße; "quoted" \\+ and comma$/);
      await eventually(async () => {
        expect(await calls()).toMatchObject([
          { callerId: '"<script>alert(1)</script>" <921>', accountcode: '=1+1', userfield: told },
        ]);
      });
      const csv = await (await live().logbook.get('/cdrs.csv', { src: '921' })).text();
      expect(csv).toContain("'=1+1");
      expect(csv).not.toMatch(/[,"]=1\+1/);
    });

    it('raise the session event that a dialplan tells', async () => {
      const phone = await caller();
      const from = Date.now();
      await phone.invite('700');
      await eventually(async () => {
        expect(await live().logbook.rows('sip-sessions', { remoteAddress: '203.0.113.37:28224', from: new Date(from).toISOString() })).toMatchObject([
          { event: 'CONNECT', peername: '909', details: '200 OK', userAgent: 'proxy/1.0', tlsCipher: 'TLS_AES_256_GCM_SHA384' },
        ]);
      });
    });

    it('raise the session event of the example in docker/asterisk/extensions.conf', async () => {
      const phone = await caller();
      await phone.invite('701');
      await eventually(async () => {
        expect(await live().logbook.rows('sip-sessions', { remoteAddress: phone.remote, event: 'CONNECT' })).toEqual(
          expect.arrayContaining([expect.objectContaining({ peername: '909', details: '200 OK', userAgent: 'snom320/8.4.18', tlsCipher: null })]),
        );
      });
    });
  });
}
