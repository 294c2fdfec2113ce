import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { settingsFrom } from '../../../src/config.js';
import { runDoctor } from '../../../src/doctor/doctor.js';
import type { Check } from '../../../src/doctor/outcome.js';
import { exitCodeFor, printForMachines, printForPeople } from '../../../src/doctor/print.js';
import { startAsterisk, type Asterisk } from '../../support/asterisk.js';
import { amiSettings } from '../../support/logbook.js';
import { describeWith } from '../../support/needs.js';
import { freePort, removeFolder, tempFolder } from '../../support/processes.js';

/** Checks by name, each as `kind: message` and the lines of its fixes. */
type Said = Readonly<Record<string, string>>;

const byName = (checks: readonly Check[]): Said =>
  Object.fromEntries(
    checks.map(({ name, outcome }) => [name, [`${outcome.kind}: ${outcome.message}`, ...(outcome.kind === 'ok' ? [] : outcome.fixes.flatMap(({ where, lines }) => [where, ...lines]))].join('\n')]),
  );

const notOk = (said: Said): string[] => Object.entries(said).filter(([, text]) => !text.startsWith('ok: ')).map(([name, text]) => `${name} ${text.split(':', 1)[0] ?? ''}`);

for (const version of [22, 16] as const) {
  describeWith([`asterisk-${version}`], `logbook doctor, Asterisk ${version}`, () => {
    let pbx: Asterisk;
    let folder: string;
    beforeAll(async () => {
      pbx = await startAsterisk({ version });
      folder = tempFolder('doctor');
      // Logins as docker/asterisk has them, with less each.
      change('manager.conf', (text) => `${text}\n[poor]\nsecret = poor-secret\nread = call\nwrite = command\n\n[bare]\nsecret = bare-secret\nread = call\n\n[deaf]\nsecret = deaf-secret\nread = cdr\nwrite = system\n`);
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
    const ask = async (settings: Readonly<Record<string, string>> = {}): Promise<{ said: Said; code: number; checks: readonly Check[] }> => {
      const checks = await runDoctor(settingsFrom({ ...amiSettings(pbx), DATABASE_URL: `sqlite:${join(folder, 'none.sqlite')}`, ...settings }));
      for (const printed of [printForPeople(checks), printForMachines(checks)]) expect(printed).not.toMatch(/change-me-before-use|-secret/);
      return { said: byName(checks), code: exitCodeFor(checks), checks };
    };

    it('finds nothing that would lose data where the PBX is set up as docker/asterisk is', async () => {
      const { said, code } = await ask();
      expect(notOk(said)).toEqual(['calls.mappings unknown', ...(version === 16 ? ['sip.connections less'] : []), 'sip.qualify unknown']);
      expect(code).toBe(0);
      expect(said['pbx.login']).toMatch(new RegExp(`Asterisk ${version}\\.`));
      expect(said['sip.drivers']).toBe(version === 16 ? 'ok: chan_pjsip, chan_sip, chan_iax2' : 'ok: chan_pjsip, chan_iax2');
      expect(said['sip.tls']).toContain(`transport-tls at 127.0.0.1:${pbx.sipTlsPort}`);
      expect(said['pbx.zone']).toContain('local time is UTC');
      expect(said['pbx.clock']).toMatch(/^ok: the two clocks are \d{1,2} ms apart$/);
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
      writeFileSync(stranger, await otherCertificate(folder));
      const untrusted = await ask({ ...amiSettings(pbx, { tls: true }), AMI_TLS_CA: stranger });
      expect(untrusted.said['pbx.login']).toMatch(/^loses: TLS: the certificate .* is not the one to trust/);
      const missing = await ask({ ...amiSettings(pbx, { tls: true }), AMI_TLS_CA: join(folder, 'nothing.crt') });
      expect(missing.said['pbx.login']).toMatch(/^loses: the file that AMI_TLS_CA names cannot be read/);
    });

    it('ends within seconds at a port that says nothing', async () => {
      const mute = createServer(() => undefined).listen(0, '127.0.0.1');
      await new Promise((resolve) => mute.once('listening', resolve));
      const address = mute.address();
      const started = Date.now();
      const { said, code } = await ask({ AMI_PORT: String(typeof address === 'object' ? address?.port : 0) });
      mute.close();
      expect(code).toBe(1);
      expect(said['pbx.login']).toMatch(/^loses: .* takes connections but does not answer the login/);
      expect(Date.now() - started).toBeLessThan(8_000);
    });

    it('sees what is off: timestamps, Cdr events, cdr_manager, batch mode, call records as a whole', async () => {
      change('manager.conf', (text) => text.replace('timestampevents = yes', 'timestampevents = no\ndisabledevents = Cdr,Newexten'));
      change('cdr.conf', (text) => text.replace('batch = no', 'batch = yes').replace('unanswered = yes', 'unanswered = no'));
      change('cdr_manager.conf', (text) => text.replace('enabled = yes', 'enabled = no'));
      for (const command of ['manager reload', 'module reload cdr', 'module reload cdr_manager.so']) await pbx.cli(command);
      const first = await ask();
      expect(first.code).toBe(1);
      expect(first.said['pbx.timestamps']).toBe('less: timestampevents is off: rows are timed when they are heard\nmanager.conf, [general]\ntimestampevents = yes');
      expect(first.said['calls.events']).toBe('loses: disabledevents holds back Cdr events\nmanager.conf, [general]\ndisabledevents = Newexten');
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

async function otherCertificate(folder: string): Promise<string> {
  const { execFileSync } = await import('node:child_process');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=stranger', '-keyout', join(folder, 'k'), '-out', join(folder, 'c')], { stdio: 'ignore' });
  return readFileSync(join(folder, 'c'), 'utf8');
}
