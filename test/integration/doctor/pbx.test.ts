import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../src/database/database.js';
import { startAsterisk, type Asterisk } from '../../support/asterisk.js';
import { amiSettings } from '../../support/logbook.js';
import { describeWith } from '../../support/needs.js';
import { UdpPhone } from '../../support/phones.js';
import { freePort, removeFolder, tempFolder } from '../../support/processes.js';
import { ask as askDoctor, notOk, type Asked } from './ask.js';

for (const version of [22, 16] as const) {
  describeWith([`asterisk-${version}`], `logbook doctor, Asterisk ${version}`, () => {
    let pbx: Asterisk;
    let folder: string;
    beforeAll(async () => {
      // Only a phone that is on line tells whether it is sent OPTIONS, as set when it registered.
      pbx = await startAsterisk({ version, qualifySeconds: 0 });
      folder = tempFolder('doctor');
      // Logins as docker/asterisk has them, with less each.
      change('manager.conf', (text) => `${text}\n[poor]\nsecret = poor-secret\nread = call\nwrite = command\n\n[bare]\nsecret = bare-secret\nread = call\n`);
      await pbx.cli('manager reload');
    });
    afterAll(async () => {
      await pbx.stop();
      removeFolder(folder);
    });

    const change = (name: string, edit: (text: string) => string): void => {
      const path = join(pbx.dir, 'etc', name);
      writeFileSync(path, edit(readFileSync(path, 'utf8')));
    };
    const ask = (settings: Readonly<Record<string, string>> = {}): Promise<Asked> =>
      askDoctor({ ...amiSettings(pbx), DATABASE_URL: `sqlite:${join(folder, 'none.sqlite')}`, ...settings });

    it('finds nothing that would lose data where the PBX is set up as docker/asterisk is', async () => {
      const { said, code } = await ask();
      expect(notOk(said)).toEqual([...(version === 16 ? ['sip.connections less'] : []), 'sip.qualify unknown', 'calls.recovery less']);
      expect(code).toBe(0);
      expect(said['pbx.login']).toMatch(new RegExp(`Asterisk ${version}\\.`));
      expect(said['sip.drivers']).toBe(version === 16 ? 'ok: chan_pjsip, chan_sip, chan_iax2' : 'ok: chan_pjsip, chan_iax2');
      expect(said['sip.tls']).toContain(`transport-tls at 127.0.0.1:${pbx.sipTlsPort}`);
      expect(said['pbx.zone']).toContain('local time is UTC');
      expect(said['pbx.clock']).toMatch(/^ok: the two clocks are \d{1,2} ms apart$/);
    });

    it('learns from the newest calls whether cdr_manager maps their times, where the login may not read its file', async () => {
      const url = `sqlite:${join(folder, 'calls.sqlite')}`;
      const database = openDatabase(url);
      await database.migrate();
      const call = (index: number, micros: number, linkedid: string): Record<string, string | number> => ({
        event_key: `call-${index}`, call_date: 1_795_369_627_000_000 + index * 1_000_000 + micros, answer_date: 0, end_date: 0, duration: 1, billsec: 1, extra: '{}', pbx: 'asterisk-x', linkedid, sequence: linkedid,
      });
      const mappings = async (): Promise<string | undefined> => (await ask({ DATABASE_URL: url, PBX_NAME: 'asterisk-x', AMI_USERNAME: 'poor', AMI_SECRET: 'poor-secret' })).said['calls.mappings'];
      await database.knex('cdr').insert(call(1, 0, ''));
      expect(await mappings()).toMatch(/^less: the newest call has its time to the second \(0 of the last 1 to the microsecond\).*\ncdr_manager.conf, \[mappings\]\nstart,u => StartEpoch\n/);
      await database.knex('cdr').insert(call(2, 4711, ''));
      expect(await mappings()).toMatch(/^less: none of the last 2 calls has it.*\n.*\nlinkedid => LinkedID\nsequence => Sequence$/);
      await database.knex('cdr').insert(call(3, 4711, '3'));
      expect(await mappings()).toBe('ok: 2 of the last 3 calls have times to the microsecond');
      await database.close();
    });

    it('names the phones on line that are never sent OPTIONS', async () => {
      const phone = await UdpPhone.at({ user: '909', port: pbx.sipPort });
      await phone.register();
      expect((await ask()).said['sip.qualify']).toMatch(/^less: some accounts on line are never sent OPTIONS \(909\): .*\npjsip.conf, in the aor\nqualify_frequency = 60$/);
      await phone.close();
    });

    it('names each privilege that is missing, with the line to change', async () => {
      const poor = await ask({ AMI_USERNAME: 'poor', AMI_SECRET: 'poor-secret' });
      expect(poor.code).toBe(1);
      expect(notOk(poor.said).filter((line) => line.startsWith('pbx.'))).toEqual([
        'pbx.read.system loses', 'pbx.read.security loses', 'pbx.read.cdr loses', 'pbx.read.user less', 'pbx.write.system less', 'pbx.write.reporting less', 'pbx.zone less',
      ]);
      expect(poor.said['pbx.read.cdr']).toContain('manager.conf, [poor]\nread = system,security,cdr,user');
      expect(poor.said['pbx.write.system']).toContain('write = system,reporting,command');
      // Timestamps are told by `manager show settings` where no event is heard.
      expect(poor.said['pbx.timestamps']).toMatch(/^ok/);

      const bare = await ask({ AMI_USERNAME: 'bare', AMI_SECRET: 'bare-secret' });
      expect(bare.code).toBe(1);
      expect(notOk(bare.said)).toEqual(expect.arrayContaining(['pbx.read.system loses', 'pbx.read.security loses', 'pbx.read.cdr unknown', 'pbx.write.command less', 'calls.events unknown', 'pbx.timestamps unknown']));
    });

    it('tells a wrong secret, a closed port, a port that is no AMI and trouble with TLS apart', async () => {
      const wrong = await ask({ AMI_SECRET: 'guess' });
      expect(wrong.code).toBe(1);
      expect(wrong.said['pbx.login']).toMatch(/^loses: the PBX refuses logbook: Authentication failed.*\nmanager.conf, \[logbook\]\nsecret = <the one of AMI_SECRET>\npermit = 127\.0\.0\.1\/255\.255\.255\.255\n/);
      const closed = await ask({ AMI_PORT: String(await freePort()) });
      expect(closed.said['pbx.login']).toMatch(/^loses: nothing listens at 127\.0\.0\.1:\d+\nmanager.conf, \[general\]\nenabled = yes\n/);
      expect(closed.code).toBe(1);
      const secure = await ask(amiSettings(pbx, { tls: true }));
      expect(secure.code).toBe(0);
      expect(secure.said['pbx.login']).toMatch(/^ok/);
      const plainPort = await ask({ AMI_TLS: '1' });
      expect(plainPort.said['pbx.login']).toMatch(/^loses: TLS: .* does not speak it/);
      const stranger = join(folder, 'stranger.crt');
      writeFileSync(stranger, otherCertificate(folder));
      const untrusted = await ask({ ...amiSettings(pbx, { tls: true }), AMI_TLS_CA: stranger });
      expect(untrusted.said['pbx.login']).toMatch(/^loses: TLS: the certificate .* is not the one to trust/);
    });

    it('sees what is off: timestamps, Cdr events, cdr_manager, batch mode, call records as a whole', async () => {
      change('manager.conf', (text) => text.replace('timestampevents = yes', 'timestampevents = no\ndisabledevents = Cdr,Newexten'));
      change('cdr.conf', (text) => text.replace('batch = no', 'batch = yes').replace('unanswered = yes', 'unanswered = no'));
      change('cdr_manager.conf', (text) => text.replace('enabled = yes', 'enabled = no').replace(/^(start|end),u.*$/gm, ''));
      for (const command of ['manager reload', 'module reload cdr', 'module reload cdr_manager.so']) await pbx.cli(command);
      const first = await ask();
      expect(first.code).toBe(1);
      expect(first.said['pbx.timestamps']).toBe('less: timestampevents is off: rows are timed when they are heard\nmanager.conf, [general]\ntimestampevents = yes');
      expect(first.said['calls.events']).toBe('loses: disabledevents holds back Cdr events\nmanager.conf, [general]\ndisabledevents = Newexten');
      expect(first.said['calls.mappings']).toBe('less: cdr_manager.conf does not map StartEpoch, EndEpoch: call times come from local time, to the second\ncdr_manager.conf, [mappings]\nstart,u => StartEpoch\nend,u => EndEpoch');
      expect(first.said['calls.batch']).toContain('cdr.conf, [general]\nbatch = no');
      expect(first.said['calls.unanswered']).toContain('unanswered = yes');
      // Asterisk says nothing of settings that a login may not ask for; its own event does.
      const deaf = await ask({ AMI_USERNAME: 'nocommand', AMI_SECRET: 'nocommand-secret' });
      expect(deaf.said['pbx.timestamps']).toMatch(/^less/);

      change('manager.conf', (text) => text.replace('disabledevents = Cdr,Newexten', 'disabledevents ='));
      await pbx.cli('manager reload');
      const suspended = await ask();
      expect(suspended.said['calls.events']).toBe('loses: cdr_manager is loaded, but not enabled: no call reaches AMI\ncdr_manager.conf, [general]\nenabled = yes');
      await pbx.cli('module unload cdr_manager.so');
      expect((await ask()).said['calls.events']).toMatch(/^loses: cdr_manager is not running.*\n.*\nenabled = yes\nmodules.conf\nload => cdr_manager.so$/);
      change('cdr.conf', (text) => text.replace('enable = yes', 'enable = no'));
      await pbx.cli('module reload cdr');
      expect((await ask()).said['calls.events']).toMatch(/^loses: call records are off on the PBX\ncdr.conf, \[general\]\nenable = yes/);
    });
  });
}

function otherCertificate(folder: string): string {
  const [key, certificate] = [join(folder, 'stranger.key'), join(folder, 'stranger.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=stranger'];
  execFileSync('openssl', [...made, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return readFileSync(certificate, 'utf8');
}
