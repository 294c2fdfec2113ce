import { describe, expect, it } from 'vitest';
import { settingsFrom } from '../../../src/config.js';
import { backfillRange, type BackfillCommand } from '../../../src/recovery/command.js';
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
