import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkBlock } from '../../../src/ami/block.js';
import { BlockFramer } from '../../../src/ami/framer.js';

const CAPTURES = join(import.meta.dirname, '../../captures');

// Counted in the files with grep.
const EXPECTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'asterisk-22-pjsip.ami': {
    Cdr: 7, ChallengeResponseFailed: 2, ChallengeSent: 25, ContactList: 41, ContactListComplete: 14, ContactStatus: 27, FullyBooted: 1,
    InvalidAccountID: 2, PeerStatus: 16, Registry: 3, RequestBadFormat: 1, SuccessfulAuth: 24,
  },
  'asterisk-16-pjsip.ami': {
    Cdr: 11, ChallengeResponseFailed: 2, ChallengeSent: 33, ContactList: 41, ContactListComplete: 14, ContactStatus: 27, FullyBooted: 1,
    InvalidAccountID: 2, InvalidPassword: 2, InvalidTransport: 1, PeerEntry: 2, PeerStatus: 18, PeerlistComplete: 1, Registry: 11, SuccessfulAuth: 30,
  },
  'asterisk-16-chan_sip.ami': {
    Cdr: 4, ChallengeSent: 9, ContactList: 2, ContactListComplete: 1, ContactStatus: 2, FullyBooted: 1, InvalidPassword: 2, InvalidTransport: 1,
    PeerEntry: 26, PeerStatus: 3, PeerlistComplete: 13, Registry: 6, SuccessfulAuth: 7,
  },
};

describe.each(Object.entries(EXPECTED))('%s', (file, expected) => {
  test.each([7, 1_460, 1_000_000])('gives every event when read in chunks of %i bytes', (size) => {
    const names: Record<string, number> = {};
    const odd: unknown[] = [];
    const framer = new BlockFramer((text) => {
      const block = checkBlock(text, () => true);
      if (block.kind === 'event') {
        const name = /^Event: (\w+)/.exec(block.text)?.[1] ?? '';
        names[name] = (names[name] ?? 0) + 1;
      }
      if (block.kind === 'malformed' || block.kind === 'unknown' || ('dropped' in block && block.dropped.length > 0)) odd.push(block);
    });
    const bytes = readFileSync(join(CAPTURES, file));
    for (let at = 0; at < bytes.length; at += size) framer.push(bytes.subarray(at, at + size));
    expect(Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(expected);
    expect(odd).toEqual([]);
  });
});
