import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built } from '../../support/logbook.js';
import { freePort, removeFolder, tempFolder } from '../../support/processes.js';

const MAIN = join(import.meta.dirname, '../../../dist/src/main.js');

describe('the command logbook doctor', () => {
  let folder: string;
  beforeAll(async () => {
    await built();
    folder = tempFolder('doctor-command');
  });
  afterAll(() => removeFolder(folder));

  const doctor = (args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [MAIN, 'doctor', ...args], { cwd: folder, env: { PATH: process.env['PATH'], ...settings }, timeout: 100_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });

  it('ends with 0 where nothing would be lost, with 1 where something would, with 2 for wrong settings', async () => {
    const nothing = await doctor([]);
    expect(nothing).toMatchObject({ code: 0, stderr: '' });
    expect(nothing.stdout).toMatch(/^! {3}pbx\.login {12}AMI_HOST is not set: the demo would run/);
    const lost = await doctor(['--json'], { AMI_HOST: '127.0.0.1', AMI_PORT: String(await freePort()), AMI_USERNAME: 'logbook', AMI_SECRET: 'ami-secret' });
    expect(lost).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(lost.stdout)).toMatchObject({ status: 'loses', checks: expect.arrayContaining([expect.objectContaining({ name: 'pbx.login', kind: 'loses' })]) as unknown });
    const wrong = await doctor([], { AMI_TLS: 'maybe', AMI_HOST: '127.0.0.1' });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/AMI_USERNAME: is needed[^]*AMI_TLS|AMI_TLS[^]*AMI_USERNAME: is needed/);
  });

  it('helps', async () => {
    expect(await doctor(['--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: logbook doctor \[options\]/) as string });
  });
});
