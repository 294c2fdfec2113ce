import { describe, expect, it } from 'vitest';
import { progressOn } from '../../src/progress.js';

describe('progressOn', () => {
  it.each([
    [true, ['\r[############            ] 50 %  5 of 10\u001B[K', '\n']],
    [false, ['50 %  5 of 10\n']],
  ])('on a terminal: %s', (isTTY, expected) => {
    const written: string[] = [];
    let now = 0;
    const progress = progressOn({ isTTY, write: (text) => written.push(text) }, () => now);
    progress.show(0.4, () => '4 of 10');
    now += 6_000;
    progress.show(0.5, () => '5 of 10');
    progress.end();
    progress.end();
    expect(written).toEqual(expected);
  });
});
