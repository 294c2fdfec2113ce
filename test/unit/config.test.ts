import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { databaseName, databaseSettingsFrom, settingsFrom } from '../../src/config.js';
import { InvalidConfigError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'logbook-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    settingsFrom(environment);
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('settingsFrom', () => {
  it('has a default for everything, and shows the demo from a database of its own', () => {
    expect(settingsFrom({})).toMatchObject({
      ami: null,
      pbxName: 'asterisk',
      databaseUrl: 'sqlite:./data/demo.sqlite',
      redisUrl: null,
      http: { host: '127.0.0.1', port: 3_000, trustProxy: false },
      admin: { username: 'admin', password: null },
      reconcileEveryMs: 5_000,
    });
  });

  it('listens on 5038, or on 5039 with TLS', () => {
    const pbx = { AMI_HOST: 'pbx', AMI_USERNAME: 'logbook', AMI_SECRET: 'x' };
    expect(settingsFrom(pbx)).toMatchObject({ reconcileEveryMs: 60_000, ami: { port: 5_038, tls: false }, databaseUrl: 'sqlite:./data/logbook.sqlite' });
    expect(settingsFrom({ ...pbx, AMI_TLS: '1' })).toMatchObject({ ami: { port: 5_039, tls: true } });
  });

  it('never sends a command that only works on a database to the demo’s', () => {
    expect(databaseSettingsFrom({}).databaseUrl).toBe('sqlite:./data/logbook.sqlite');
    expect(databaseSettingsFrom({ AMI_HOST: 'pbx' }).databaseUrl).toBe('sqlite:./data/logbook.sqlite');
    expect(databaseSettingsFrom({}, true).databaseUrl).toBe('sqlite:./data/demo.sqlite');
    expect(databaseSettingsFrom({ DATABASE_URL: 'sqlite:x' }, true).databaseUrl).toBe('sqlite:x');
    expect(databaseName('mysql://user:secret@host:3306/logbook')).toBe('mysql://host:3306/logbook');
  });

  it('reads a secret from a file', () => {
    const file = join(folder, 'secret');
    writeFileSync(file, 's3cret\n');
    expect(settingsFrom({ AMI_HOST: 'pbx', AMI_USERNAME: 'logbook', AMI_SECRET_FILE: file }).ami?.secret).toBe('s3cret');
  });

  it('lists every bad name at once and prints no value', () => {
    const problems = problemsOf({
      AMI_HOST: 'pbx',
      AMI_PORT: '70000',
      AMI_TLS: 'yes',
      DATABASE_URL: 'postgres://root:hunter2@db/logbook',
      HTTP_PORT: 'http',
      TIME_ZONE: 'Mars/Olympus',
      RECONCILE_EVERY_S: '0',
      ADMIN_PASSWORD: 'hunter2',
      LOG_LEVEL: 'loud',
    });
    const names = ['ADMIN_PASSWORD', 'AMI_PORT', 'AMI_SECRET', 'AMI_TLS', 'AMI_USERNAME', 'DATABASE_URL', 'HTTP_PORT', 'LOG_LEVEL', 'RECONCILE_EVERY_S', 'TIME_ZONE'];
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual(names);
    expect(problems.join(' ')).not.toContain('hunter2');
  });

  it('names a secret that is set twice, and a file that is not there', () => {
    expect(problemsOf({ REDIS_URL: 'redis://a', REDIS_URL_FILE: join(folder, 'none') })).toEqual([
      'REDIS_URL: is set twice, here and by REDIS_URL_FILE',
      'REDIS_URL_FILE: the file cannot be read',
    ]);
  });

  it.each([
    [{ TRUST_PROXY: 'garbage' }, 'TRUST_PROXY'],
    [{ TRUST_PROXY: '10.0.0.0/99' }, 'TRUST_PROXY'],
    [{ DATABASE_URL: 'mysql://u:p%zz@h/d' }, 'DATABASE_URL'],
    [{ DATABASE_URL: 'mysql://u:p@h:99999/d' }, 'DATABASE_URL'],
    [{ REDIS_URL: 'redis://h:99999' }, 'REDIS_URL'],
    [{ RECONCILE_EVERY_S: '0.0001' }, 'RECONCILE_EVERY_S'],
    [{ AMI_TLS_CA: '/nowhere' }, 'AMI_TLS_CA'],
  ])('names what is wrong in %j', (environment, name) => {
    expect(problemsOf(environment).map((problem) => problem.split(':')[0])).toEqual([name]);
  });

  it.each([
    ['1', 1],
    ['true', 1],
    ['0', false],
    ['loopback, 10.0.0.0/8', 'loopback, 10.0.0.0/8'],
  ])('TRUST_PROXY=%s', (value, trustProxy) => {
    expect(settingsFrom({ TRUST_PROXY: value }).http.trustProxy).toBe(trustProxy);
  });
});
