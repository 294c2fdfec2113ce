import { describe, expect, it } from 'vitest';
import { settingsFrom } from '../../../src/config.js';
import { backfillRange, type BackfillCommand } from '../../../src/recovery/command.js';
import { progressOn } from '../../../src/recovery/progress.js';
import { toIso } from '../../../src/time.js';

const CONFIG = settingsFrom({ DATABASE_URL: 'sqlite:x', CDR_CSV: 'Master.csv', TIME_ZONE: 'Europe/Rome' });

describe('backfillRange', () => {
  const range = (command: Partial<BackfillCommand>): string[] => {
    const { from, to } = backfillRange(CONFIG, { source: 'csv', from: '2026-05-01', ...command });
    return [toIso(from), toIso(to)];
  };

  it('reads times without a zone in TIME_ZONE', () => {
    expect(range({ from: '2026-05-01', to: '2026-05-01 08:30' })).toEqual(['2026-04-30T22:00:00.000Z', '2026-05-01T06:30:00.000Z']);
    expect(range({ from: '2026-05-01T00:00Z', to: '2026-05-01T08:30:00.5-04:00' })).toEqual(['2026-05-01T00:00:00.000Z', '2026-05-01T12:30:00.500Z']);
  });

  it.each([
    [{ from: 'yesterday' }, '--from must be ISO 8601'],
    [{ from: '2026-02-30' }, '--from must be ISO 8601'],
    [{ to: '2026-05' }, '--to must be ISO 8601'],
    [{ to: '2026-05-01' }, '--from must be before --to'],
    [{ source: 'sql' }, '--source sql needs CDR_SQL_URL'],
  ] as const)('names what is wrong with %j', (command, message) => {
    expect(() => range(command)).toThrow(message);
  });

  it('needs the setting of its source', () => {
    const command = { source: 'csv', from: '2026-05-01' } as const;
    expect(() => backfillRange(settingsFrom({ DATABASE_URL: 'sqlite:x' }), command)).toThrow('needs CDR_CSV');
  });
});

describe('progressOn', () => {
  const report = { read: 5, added: 2, alreadyThere: 3, unreadable: 0, outside: 0, ambiguous: 0, firstUnreadable: [], source: '', zone: '', notes: [], failures: [] };
  it.each([
    [true, ['\r[############            ] 50 %  5 read, 2 new, 3 already there, 0 unreadable\u001B[K', '\n']],
    [false, ['50 %  5 read, 2 new, 3 already there, 0 unreadable\n']],
  ])('on a terminal: %s', (isTTY, expected) => {
    const written: string[] = [];
    let now = 0;
    const progress = progressOn({ isTTY, write: (text) => written.push(text) }, () => now);
    progress.show(report, 0.4);
    now += 6_000;
    progress.show(report, 0.5);
    progress.end();
    progress.end();
    expect(written).toEqual(expected);
  });
});
