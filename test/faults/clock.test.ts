import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Ledger } from '../support/ledger.js';
import { eventually } from '../support/logbook.js';
import { describeWith, libFaketime } from '../support/needs.js';
import { tempFolder } from '../support/processes.js';
import { Bench, expectAllOnce } from './bench.js';

const MICROS = 1_000;

describeWith(['asterisk-22', 'faketime'], "the clock of the service's machine", () => {
  it('may step back and forth: rows keep the time of the PBX, and a gap is the time that nobody listened', async (context) => {
    const bench = new Bench(context);
    const file = join(tempFolder('clock'), 'offset');
    const step = async (seconds: number): Promise<void> => {
      writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}`);
      // So long libfaketime keeps what it has read.
      await sleep(2_000);
    };
    await step(0);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const logbook = await bench.logbook(pbx, {
      LD_PRELOAD: libFaketime() ?? '', FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    const ledger = new Ledger(logbook.databaseUrl);
    for (const seconds of [0, -3_600, 7_200, -40, 0]) {
      const raising = storm.raise(3_000, { perSecond: 1_000 });
      await step(seconds);
      await raising;
      // A login lives through it: no Ping is late by a clock that stepped.
      expect(await logbook.health()).toMatch(/"ami":\{"ok":true/);
    }
    await step(7_200);
    await storm.raise(1_000, { perSecond: 1_000 });
    await storm.settled();
    await ledger.holds(storm.raised);
    expect(await ledger.gaps()).toEqual([]);

    const killedAt = Date.now();
    await logbook.halt('SIGKILL');
    await step(-1_800);
    await logbook.start();
    const backAt = Date.now();
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    await expectAllOnce(storm, ledger);
    expect(await ledger.instantsOff(storm.said)).toEqual([]);
    const [gap] = await eventually(async () => {
      const gaps = await ledger.gaps();
      expect(gaps).toHaveLength(1);
      return gaps;
    }, 60_000);
    expect(gap?.from).toBeGreaterThan((killedAt - 2_000) * MICROS);
    expect(gap?.from).toBeLessThan((killedAt + 1_000) * MICROS);
    expect(gap?.to).toBeLessThan((backAt + 1_000) * MICROS);
  });
});
