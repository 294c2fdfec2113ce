import { it } from 'vitest';
import { connect } from 'node:net';
import { once } from 'node:events';
import { startAsterisk } from '../support/asterisk.js';
it('rate', async () => {
  for (const version of [22, 16] as const) {
  const pbx = await startAsterisk({ version });
  const s = connect(pbx.amiPort, '127.0.0.1');
  await once(s, 'connect');
  let got = 0; let sample = '';
  const w = connect(pbx.amiPort, '127.0.0.1');
  await once(w, 'connect');
  w.write('Action: Login\r\nUsername: everything\r\nSecret: everything-secret\r\n\r\nAction: Events\r\nEventMask: user\r\n\r\n');
  let heard = 0; let bytes = 0;
  w.on('data', (c: Buffer) => { const t = c.toString('latin1'); bytes += c.length; heard += t.split('UserEvent: SipSession').length - 1; if (sample === '' && t.includes('SipSession')) sample = t.slice(0, 700); });
  w.on('close', () => console.log('witness closed'));
  s.on('data', (c: Buffer) => { got += c.toString('latin1').split('Response: Success').length - 1; });
  s.write('Action: Login\r\nUsername: everything\r\nSecret: everything-secret\r\nEvents: off\r\n\r\n');
  await new Promise((r) => setTimeout(r, 1000));
  const N = 40000; const t0 = performance.now();
  let text = '';
  for (let n = 1; n <= N; n += 1) {
    text += `Action: UserEvent\r\nActionID: s${n}\r\nUserEvent: SipSession\r\nSipEvent: REGISTER\r\nPeername: ${n}\r\nDetails: 200 OK\r\nUseragent: storm/1\r\nRemoteaddr: 203.0.113.${n % 250}:${1024 + n % 60000}\r\n\r\n`;
    if (n % 100 === 0) { if (!s.write(text)) await once(s, 'drain'); text = ''; }
  }
  console.log('written', performance.now() - t0);
  while (heard < N && performance.now() - t0 < 30000) await new Promise((r) => setTimeout(r, 50));
  console.log(version, 'heard', heard, got, performance.now() - t0, bytes, sample);
  s.destroy(); w.destroy();
  await pbx.stop();
  }
}, 120000);
