import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors.js';
import type { CaptureGap } from '../../../src/logs/capture-gap/columns.js';
import { LETTERS_COUNTED } from '../../../src/logs/dead-letter/store.js';
import { NO_CALLS } from '../../../src/logs/statistics/calls.js';
import type { Trunk } from '../../../src/logs/statistics/trunks.js';
import { MICROS_PER_SECOND, parseIso } from '../../../src/time.js';
import { parseOverviewRequest } from '../../../src/web/overview-routes.js';
import { verdictOf } from '../../../src/web/overview-verdict.js';
import { overviewRange, type Overview } from '../../../src/web/overview.js';
import type { Readiness } from '../../../src/web/readiness.js';
import { readerZone } from '../../../src/web/zone.js';

const NOW = parseIso('2026-10-30T09:20:31Z') ?? NaN;
const HOUR = 3_600 * MICROS_PER_SECOND;
const zone = readerZone('Europe/Rome');
const ready: Readiness = { database: { ok: true, message: 'takes rows' }, spool: { ok: true, message: '1 of 2048 MB' }, ami: { ok: true, message: 'connected to Asterisk 22' }, jobs: { ok: true, message: 'on schedule' } };

const overview = (changes: Partial<Overview> = {}): Overview => ({
  range: overviewRange('24h', NOW, zone),
  zone,
  hours: [],
  readiness: ready,
  accounts: { known: 9, onLineNow: 1, pbxsLeftOut: [], unknown: [] },
  pbxs: [],
  calls: NO_CALLS,
  busiest: null,
  trunks: [],
  refused: { attempts: 0, addressCount: 0, addresses: [], nameCount: 0, names: [] },
  gaps: [],
  gapsComplete: true,
  runs: [],
  deadLetters: 0,
  ...changes,
});

const trunk = (username: string, registered: boolean): Trunk => ({ pbx: 'p', provider: 'sip.example', username, registered, details: registered ? '200 OK' : 'TIMEOUT', since: NOW, sinceBefore: false, heardAt: NOW });
const gap = (from: number, to: number, recovery: string, changes: Partial<CaptureGap> = {}): CaptureGap => ({
  id: 1, from: NOW - from * HOUR, to: NOW - to * HOUR, kind: 'GAP', pbx: 'p', reason: 'r', lost: null, recovery, recoveredCalls: null, recoveryNote: null, recoveredAt: null, ...changes,
});
const told = (changes: Partial<Overview>): string[] => verdictOf(overview(changes)).concerns.map(({ severity, what, todo }) => `${severity}: ${what} ${todo}`.trim());

describe('the verdict', () => {
  it('says that all is well, with what that means', () => {
    expect(verdictOf(overview())).toEqual({ state: 'well', says: 'All is well: connected to Asterisk 22, 1 account on line, no gap in what was heard.', concerns: [] });
    expect(verdictOf(overview({ trunks: [trunk('a', true), trunk('b', true)], gaps: [gap(3, 2, 'done')] })).says).toBe(
      'All is well: connected to Asterisk 22, 1 account on line, all 2 trunks are registered, the calls of every gap are recovered.',
    );
  });

  it.each<[Partial<Readiness>, RegExp]>([
    [{ ami: { ok: false, message: 'the PBX refuses the login: Authentication failed; next try at …' } }, /^trouble: No connection to the PBX: .*\. Compare AMI_USERNAME and AMI_SECRET/],
    [{ ami: { ok: false, message: 'Connection refused; next try at …' } }, /See that Asterisk runs, and that AMI_HOST/],
    [{ database: { ok: false, message: 'takes no rows: ER_OPTION_PREVENTS_STATEMENT; 12 events wait in the spool' } }, /^trouble: The database is in trouble: takes no rows.* Look at the server of DATABASE_URL/],
    [{ spool: { ok: false, message: 'is full, 2048 of 2048 MB (SPOOL_MAX_MB)' } }, /raise SPOOL_MAX_MB/],
    [{ spool: { ok: false, message: 'cannot be written: EACCES' } }, /the disk of SPOOL_DIR/],
    [{ jobs: { ok: false, message: 'Redis (REDIS_URL): ECONNREFUSED' } }, /See that the server of REDIS_URL runs/],
    [{ jobs: { ok: false, message: 'reconcile has not run for 3 intervals' } }, /Logbook’s log says why/],
  ])('says what to do: %j', (changes, words) => {
    const concerns = told({ readiness: { ...ready, ...changes } });
    expect(concerns).toHaveLength(1);
    expect(concerns[0]).toMatch(words);
  });

  it('puts trouble first, and counts', () => {
    const verdict = verdictOf(overview({ readiness: { ...ready, ami: { ok: true, message: '', warnings: ['Add a line.', 'And another.'] } }, trunks: [trunk('a', false)], deadLetters: 2 }));
    expect(verdict.says).toBe('Not all is well: one thing is in trouble, 3 more to look at.');
    expect(verdict.concerns.map(({ severity }) => severity)).toEqual(['trouble', 'attention', 'attention', 'attention']);
    const warned = { ...ready, database: { ...ready.database, warnings: ['Dead letters: 1 event or row could not be written. See /dead-letters for why, then run: logbook retry'] } };
    expect(verdictOf(overview({ deadLetters: 1, readiness: warned })).says).toBe('Everything works. One thing is worth a look.');
  });

  it('does not know what the service does not say', () => {
    expect(told({ readiness: 'out of memory' })).toEqual(['trouble: The state of the service is not known: out of memory. Look at Logbook’s log.']);
  });

  it('names three trunks, and how many more', () => {
    expect(told({ trunks: ['a', 'b', 'c', 'd', 'e'].map((name) => trunk(name, false)) })[0]).toMatch(/^trouble: 5 trunks are not registered: a at sip\.example \(TIMEOUT\), b .*, c .* and 2 more\./);
  });

  it('speaks of gaps whose calls are not back, as far as they lie in the range', () => {
    expect(told({ gaps: [gap(3, 2, 'none'), gap(30, 22, 'pending'), gap(6, 5, 'done')] })).toEqual([
      expect.stringMatching(/^attention: The PBX was not heard for 3 h 20 min of this time \(2 gaps\)\. Set CDR_CSV/),
    ]);
    expect(told({ gaps: [gap(3, 2, 'once')] })[0]).toContain('Calls of that time are being recovered.');
    expect(told({ gaps: [gap(3, 2, 'failed'), gap(2, 1, 'none')] })[0]).toContain('could not be recovered');
    expect(told({ gaps: [gap(3, 2, 'none', { kind: 'LOSS', lost: 1_200 })] })).toEqual([expect.stringMatching(/^attention: 1,200 events of little value were left out/)]);
  });

  it('says where it stopped counting', () => {
    expect(told({ deadLetters: LETTERS_COUNTED })[0]).toContain('1,000 events or more could not');
    expect(told({ gaps: [gap(3, 2, 'failed')], gapsComplete: false })[0]).toContain('(more than 1 gap)');
  });
});

describe('what the overview is asked for', () => {
  it('is the last day on the reader’s clock, unless the address says otherwise', () => {
    expect(parseOverviewRequest({}, 'Europe/Rome')).toMatchObject({ range: '24h', tz: null, zone: { name: 'Europe/Rome' } });
    expect(parseOverviewRequest({ range: '7d', tz: ' UTC ' }, 'Europe/Rome')).toMatchObject({ range: '7d', tz: 'UTC', zone: { name: 'UTC' } });
    expect(parseOverviewRequest({ range: '', tz: '' }, 'UTC')).toMatchObject({ range: '24h', tz: null });
    for (const wrong of [{ range: 'year' }, { tz: 'Nowhere' }, { limit: '5' }, { range: ['24h', '7d'] }]) {
      expect(() => parseOverviewRequest(wrong, 'UTC')).toThrow(InvalidInputError);
    }
  });
});
