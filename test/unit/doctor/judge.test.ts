import { describe, expect, it } from 'vitest';
import type { DatabaseFacts, RedisFacts } from '../../../src/doctor/database-facts.js';
import { judge } from '../../../src/doctor/doctor.js';
import { judgeRecovery, judgeSpool } from '../../../src/doctor/judge-storage.js';
import type { Check, Outcome } from '../../../src/doctor/outcome.js';
import type { LoginFacts, PbxFacts } from '../../../src/doctor/pbx-facts.js';
import { login, mysql, sqlite, target, up } from './facts.js';

const UNSET: RedisFacts = { kind: 'unset' };

const outcomes = (pbx: PbxFacts, database: DatabaseFacts = sqlite, redis: RedisFacts = UNSET): Readonly<Record<string, Outcome>> =>
  Object.fromEntries(judge(pbx, database, redis).map(({ name, outcome }) => [name, outcome]));

const notOk = (pbx: PbxFacts, database?: DatabaseFacts, redis?: RedisFacts): string[] =>
  Object.entries(outcomes(pbx, database, redis)).flatMap(([name, { kind }]) => (kind === 'ok' ? [] : [`${name} ${kind}`]));

const lines = (outcome: Outcome | undefined): string[] => (outcome === undefined || outcome.kind === 'ok' ? [] : outcome.fixes.flatMap((fix) => [fix.where, ...fix.lines]));

describe('judging', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(notOk(up())).toEqual([]);
    expect(notOk(up(), mysql, { kind: 'up', place: 'redis:6379', version: '7.0', policy: 'noeviction', maxmemory: 0 })).toEqual([]);
  });

  it.each<[string, Partial<LoginFacts>, string[]]>([
    ['a login that reads no calls', { unreadClasses: ['cdr'] }, ['pbx.read.cdr loses']],
    ['a login that reads no user events', { unreadClasses: ['user'] }, ['pbx.read.user less']],
    ['silence about itself, and nothing told', { heardSecurity: false, heardTimestamp: false, unreadClasses: null }, ['pbx.read.security loses', 'pbx.read.cdr unknown', 'pbx.read.user unknown', 'sip.refreshes less']],
    ['a PBX that is still starting', { heardSystem: false }, []],
    ['no list of actions', { abilities: { actions: null, asteriskVersion: null } }, ['pbx.write unknown']],
    ['timestampevents off by its own event, and by the settings', { heardTimestamp: false, settings: { timestampEvents: false, disabledEvents: [] } }, ['pbx.timestamps less']],
    ['no word of timestamps at all', { heardTimestamp: false, heardSecurity: false, settings: null }, ['pbx.timestamps unknown']],
    ['clocks five minutes apart', { clockAheadMs: 300_000 }, ['pbx.clock less']],
    ['a clock that was not told', { clockAheadMs: null }, ['pbx.clock unknown']],
    ['no offset, but calls with exact times', { offsetSeconds: null }, []],
    ['neither offset nor mappings', { offsetSeconds: null, mapped: [] }, ['pbx.zone less', 'calls.mappings less']],
    ['mappings that only the calls tell', { mapped: null, offsetSeconds: null }, []],
    ['batch mode and the rest of cdr.conf', { cdr: { logging: true, batch: true, unanswered: false, congestion: false, overAmi: 'running' } }, ['calls.batch less', 'calls.unanswered less', 'calls.congestion less']],
    ['Cdr among the disabled events', { settings: { timestampEvents: true, disabledEvents: ['cdr'] } }, ['calls.events loses']],
    ['no channel driver', { channelDrivers: ['chan_rtp'] }, ['sip.drivers less']],
    ['Asterisk 16, which lists no connections', { monitors: 0, abilities: { ...login.abilities, asteriskVersion: '16.28.0' } }, ['sip.connections less']],
    ['Asterisk 22 with no connection open', { monitors: 0 }, []],
    ['phones that are never asked', { contacts: { count: 8, unqualified: ['1', '2', '3', '4', '5', '6'] } }, ['sip.qualify less']],
    ['nobody on line', { contacts: { count: 0, unqualified: [] } }, ['sip.qualify unknown']],
    ['a PBX that went silent', { cutShort: 'no answer to Command within 3000 ms' }, ['pbx.answers unknown']],
  ])('%s', (_, changes, expected) => {
    expect(notOk(up(changes))).toEqual(expected);
  });

  it('names the lines to add, for this login and this address', () => {
    const refused = outcomes({ kind: 'refused', target, message: 'Authentication failed', ownAddress: '10.0.0.7' })['pbx.login'];
    expect(lines(refused)).toEqual(['manager.conf, [logbook]', 'secret = <the one of AMI_SECRET>', 'permit = 10.0.0.7/255.255.255.255', 'read = system,security,cdr,user', 'write = system,reporting,command']);
    expect(lines(outcomes(up({ unreadClasses: ['cdr'] }))['pbx.read.cdr'])).toEqual(['manager.conf, [logbook]', 'read = system,security,cdr,user']);
    expect(lines(outcomes(up({ settings: { timestampEvents: true, disabledEvents: ['Cdr'] } }))['calls.events'])).toEqual(['manager.conf, [general]', 'disabledevents =']);
    expect(lines(outcomes(up({ offsetSeconds: null, mapped: null }), mysql)['pbx.zone'])).toContain('start,u => StartEpoch');
    expect(outcomes(up({ contacts: { count: 8, unqualified: ['1', '2', '3', '4', '5', '6'] } }))['sip.qualify']?.message).toContain('(1, 2, 3, 4, 5, …)');
    expect(outcomes(up({ offsetSeconds: -12_600 }))['pbx.zone']?.message).toBe("the PBX's local time is UTC-03:30");
  });

  it('names only the mappings that are missing, in whatever case the others are written', () => {
    expect(lines(outcomes(up({ mapped: ['START,u=startepoch', 'answer,u=AnswerEpoch', 'end,u=EndEpoch', 'peeraccount=PeerAccount'] }))['calls.mappings'])).toEqual([
      'cdr_manager.conf, [mappings]', 'linkedid => LinkedID', 'sequence => Sequence',
    ]);
    expect(outcomes(up({ mapped: null }), mysql)['calls.mappings']?.kind).toBe('unknown');
  });

  it.each<[string, string, RegExp]>([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', /^TLS: the certificate at .* is not the one to trust/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', /^TLS: .* does not speak it/],
    ['ECONNREFUSED', 'plain', /^nothing listens at pbx\.example\.net:5038/],
    ['ENOTFOUND', 'plain', /^the name pbx\.example\.net is not known here/],
    ['', 'plain', /cannot be reached: no connection/],
  ])('an unreachable PBX in its own words: %s, %s', (code, how, words) => {
    const outcome = outcomes({ kind: 'unreachable', target: { ...target, tls: how === 'tls' }, code, message: 'no connection to it within 4000 ms' })['pbx.login'];
    expect(outcome?.kind).toBe('loses');
    expect(outcome?.message).toMatch(words);
  });

  it('says who may listen in, and who could stand in the middle', () => {
    const away = (tls: boolean, verified: boolean): string[] => notOk({ kind: 'up', target: { ...target, tls, verified }, login: { ...login, loopback: false } });
    expect(away(false, false)).toEqual(['pbx.encryption less']);
    expect(away(true, false)).toEqual(['pbx.encryption less']);
    expect(away(true, true)).toEqual([]);
  });

  it.each<[string, DatabaseFacts, string[]]>([
    ['no room', { ...sqlite, freeBytes: 5e7 }, ['database.disk loses']],
    ['little room', { ...sqlite, freeBytes: 5e8 }, ['database.disk less']],
    ['a folder of somebody else', { ...sqlite, writable: false, content: null }, ['database.reach loses']],
    ['memory', { ...sqlite, place: ':memory:', content: null }, ['database.reach loses']],
    ['a server that takes no rows', { ...mysql, readOnly: true }, ['database.writes loses']],
    ['an old MariaDB', { ...mysql, version: '10.3.39-MariaDB' }, ['database.reach less']],
    ['MySQL 8', { ...mysql, version: '8.4.2' }, []],
    ['an old MySQL', { ...mysql, version: '5.7.44-log' }, ['database.reach less']],
  ])('a database: %s', (_, database, expected) => {
    expect(notOk(up(), database)).toEqual(expected);
  });

  it('says what the spool and the recovery of calls lack', () => {
    const room = { place: './data/spool', writable: true, freeBytes: 50e9 };
    const found = (checks: readonly Check[]): string[] => checks.flatMap(({ name, outcome }) => (outcome.kind === 'ok' ? [] : [`${name} ${outcome.kind}`]));
    expect(found(judgeSpool(room, 2_048))).toEqual([]);
    expect(found(judgeSpool({ ...room, writable: false }, 2_048))).toEqual(['spool.folder loses']);
    expect(found(judgeSpool({ ...room, freeBytes: 1.5e9 }, 2_048))).toEqual(['spool.size less']);
    expect(found(judgeSpool({ ...room, freeBytes: 5e7 }, 2_048))).toEqual(['spool.disk loses', 'spool.size less']);
    expect(found(judgeRecovery(['CDR_CSV']))).toEqual([]);
    expect(found(judgeRecovery([]))).toEqual(['calls.recovery less']);
  });
});
