import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { PbxConnection } from '../../../src/ami/connection.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { Playback } from '../../../src/demo/playback.js';
import { headerOf, readRecording } from '../../../src/demo/recording.js';
import { startDemoPbx } from '../../../src/demo/server.js';
import { shiftTimes } from '../../../src/demo/shift.js';
import { fromSeconds, MICROS_PER_SECOND } from '../../../src/time.js';
import { haltMeter, silent, until } from '../ami/scripted-pbx.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe('shiftTimes', () => {
  const day = { startAt: fromSeconds(1_795_369_874), endAt: fromSeconds(1_795_370_017) };
  test('moves every time of the day by the same, and nothing else', () => {
    const text = 'Timestamp: 1795369876.683555\r\nEventTV: 2026-11-22T17:51:16.683+0000\r\nStartTime: 2026-11-22 17:51:34\r\nUniqueID: 1795369894.4\r\nAnswerTime: \r\nAnswerEpoch: 0.000000\r\nChallenge: 1795369876/a4884a36\r\nPhone: 0391795369876, 1234567890\r\n';
    expect(shiftTimes(text, 86_400 + 1, day)).toBe(
      'Timestamp: 1795456277.683555\r\nEventTV: 2026-11-23T17:51:17.683+0000\r\nStartTime: 2026-11-23 17:51:35\r\nUniqueID: 1795456295.4\r\nAnswerTime: \r\nAnswerEpoch: 0.000000\r\nChallenge: 1795456277/a4884a36\r\nPhone: 0391795369876, 1234567890\r\n',
    );
  });
});

describe('the recording', () => {
  test('is the capture of the real PBX', () => {
    const root = join(import.meta.dirname, '../../..');
    expect(readFileSync(join(root, 'src/demo/recording/asterisk-22.ami')).equals(readFileSync(join(root, 'test/captures/asterisk-22-pjsip.ami')))).toBe(true);
  });

  test('is read in the order of its time line', () => {
    const { events, monitors, contacts, settings, startAt, endAt } = readRecording();
    expect(events.filter(({ text }) => text.startsWith('Event: Cdr'))).toHaveLength(7);
    expect(monitors).toHaveLength(74);
    expect(contacts).toHaveLength(41);
    expect(settings).toContain('AsteriskVersion: 22.10.1');
    for (const blocks of [events, monitors, contacts]) expect(blocks.map(({ at }) => at)).toEqual(blocks.map(({ at }) => at).sort((a, b) => a - b));
    expect((endAt - startAt) / MICROS_PER_SECOND).toBeCloseTo(143, 0);
  });
});

describe('Playback', () => {
  test('ends its first pass about now, and starts over with a fresh shift', async () => {
    const played: string[] = [];
    let own = fromSeconds(1_900_000_000);
    const recording = readRecording();
    const playback = new Playback(recording, 1_000_000, (block) => played.push(block), () => own);
    cleanUps.push(() => playback.stop());
    playback.start();
    own += fromSeconds(1);
    await until(() => played.length === recording.events.length, 'the first pass');
    const last = Number(headerOf(played.at(-1) ?? '', 'Timestamp'));
    expect(Math.abs(last - 1_900_000_000)).toBeLessThan(2);
    expect(playback.contacts()).toEqual([]);
    for (let second = 0; second < 10; second += 1) {
      own += fromSeconds(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => played.length > recording.events.length, 'the second pass');
    expect(Number(headerOf(played[recording.events.length] ?? '', 'Timestamp'))).toBeGreaterThan(last);
  });
});

describe('the demo', () => {
  test('fills every kind of input through the real connection, in order and on one clock', async () => {
    const halts = haltMeter();
    cleanUps.push(() => halts.stop());
    const demo = await startDemoPbx({ speedup: 25, logger: silent });
    cleanUps.push(() => demo.close());
    const inputs: PbxInput[] = [];
    const connection = new PbxConnection({ ...demo, ...demo.pace, pollIntervalMs: 20, tls: false, logger: silent, onInput: (input) => inputs.push(input) });
    cleanUps.push(() => connection.stop());
    connection.start();
    const heard = () => inputs.flatMap((input) => (input.kind === 'event' ? [input.event] : []));
    // Of the pass after it some may have come already.
    const dayEnd = () => heard().map(({ name }, index) => (name === 'ContactStatus' ? index : -1)).filter((index) => index >= 0)[26];
    await until(() => dayEnd() !== undefined, 'the whole day');
    const events = () => heard().slice(0, (dayEnd() ?? 0) + 1);

    expect(inputs.find((input) => input.kind !== 'tick')?.kind).toBe('connected');
    const names = events().map(({ name }) => name);
    for (const [name, count] of [['Cdr', 7], ['SuccessfulAuth', 24], ['ChallengeResponseFailed', 2], ['InvalidAccountID', 2]] as const) {
      expect(names.filter((each) => each === name), name).toHaveLength(count);
    }
    expect(events().some((event) => event.get('Service') === 'AMI')).toBe(true);

    const people = new Map(inputs.flatMap((input) => (input.kind === 'account-name' ? [[input.endpoint, input.name] as const] : [])));
    expect(people.get('909')).toBe('Sara');
    const listed = inputs.flatMap((input) => (input.kind === 'contacts' ? input.contacts : []));
    expect(new Set(listed.map(({ endpoint }) => endpoint))).toEqual(new Set(['904', '908', '909', '910', '1932']));
    expect(listed.every(({ userAgent, expiresAt }) => userAgent !== null && expiresAt !== null)).toBe(true);
    const open = inputs.flatMap((input) => (input.kind === 'transport-monitors' ? input.connections : []));
    expect(new Set(open.map(({ remote }) => remote.transport))).toEqual(new Set(['TCP', 'TLS']));
    expect(inputs.some((input) => input.kind === 'zone')).toBe(true);

    const ticks = inputs.flatMap((input) => (input.kind === 'tick' ? [input.at] : []));
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
    const ends = events().at(-1)?.at ?? 0;
    expect(Math.abs(ends / MICROS_PER_SECOND - Date.now() / 1_000)).toBeLessThan(6 + (2 * halts.longestMs()) / 1_000);
    const call = events().find(({ name }) => name === 'Cdr');
    expect(Math.abs(Date.parse(`${call?.get('StartTime').replace(' ', 'T') ?? ''}Z`) / 1_000 - Number(call?.get('StartEpoch')))).toBeLessThan(1);
    expect(connection.status()).toMatchObject({ state: 'up', warnings: [] });
    expect(connection.counts()).toMatchObject({ malformed: 0, unknown: 0, droppedHeaders: 0 });
  });

  test('lets nobody in without its secret', async () => {
    const demo = await startDemoPbx({ logger: silent });
    cleanUps.push(() => demo.close());
    const connection = new PbxConnection({ ...demo, secret: 'guess', tls: false, logger: silent, onInput: () => undefined });
    cleanUps.push(() => connection.stop());
    connection.start();
    await until(() => connection.status().state === 'refused', 'refused');
  });
});
