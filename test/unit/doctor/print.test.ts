import { describe, expect, it } from 'vitest';
import { fix, less, loses, ok, unknown } from '../../../src/doctor/outcome.js';
import { exitCodeFor, printForMachines, printForPeople } from '../../../src/doctor/print.js';

const checks = [
  ok('pbx.login', 'logbook is logged in'),
  less('pbx.timestamps', 'timestampevents is off', fix('manager.conf, [general]', 'timestampevents = yes')),
  unknown('calls.mappings', 'no call is logged yet'),
  loses('calls.events', 'no call reaches AMI', fix('cdr_manager.conf, [general]', 'enabled = yes'), fix('modules.conf', 'load => cdr_manager.so')),
];

describe('printing', () => {
  it('is one line a check, the fix beneath, and a sum', () => {
    expect(printForPeople(checks)).toBe(
      [
        'ok  pbx.login            logbook is logged in',
        '!   pbx.timestamps       timestampevents is off',
        '      in manager.conf, [general]:',
        '        timestampevents = yes',
        '?   calls.mappings       no call is logged yet',
        'x   calls.events         no call reaches AMI',
        '      in cdr_manager.conf, [general]:',
        '        enabled = yes',
        '      in modules.conf:',
        '        load => cdr_manager.so',
        '',
        '1 ok, 1 cannot be told (?), 1 less than it could be (!), 1 would lose data (x)',
        "The PBX takes changes at `asterisk -rx 'core reload'`, and a login its privileges when it logs in again.",
        '',
      ].join('\n'),
    );
    expect(printForPeople(checks.slice(0, 1))).toBe('ok  pbx.login            logbook is logged in\n\n1 ok, nothing found that would lose data\n');
  });

  it('keeps terminals safe from what a server says', () => {
    expect(printForPeople([ok('database.reach', 'MariaDB \u001b[31m10\nx   pbx.login')])).toContain('MariaDB  [31m10 x   pbx.login');
  });

  it('is JSON for machines', () => {
    expect(JSON.parse(printForMachines(checks))).toEqual({
      status: 'loses',
      checks: expect.arrayContaining([
        { name: 'pbx.login', kind: 'ok', message: 'logbook is logged in', fixes: [] },
        { name: 'pbx.timestamps', kind: 'less', message: 'timestampevents is off', fixes: [{ where: 'manager.conf, [general]', lines: ['timestampevents = yes'] }] },
      ]) as unknown,
    });
  });

  it('ends with 1 only when something would lose data', () => {
    expect(exitCodeFor(checks)).toBe(1);
    expect(exitCodeFor(checks.slice(0, 3))).toBe(0);
    expect(JSON.parse(printForMachines(checks.slice(0, 1)))).toMatchObject({ status: 'ok' });
  });
});
