import { describe, expect, it } from 'vitest';
import { isTold, type Boundary } from '../../../../src/logs/sip-session/alternation.js';

const SECOND = 1_000_000;
const connect = (at: number): Boundary => ({ at: at * SECOND, event: 'CONNECT' });
const disconnect = (at: number): Boundary => ({ at: at * SECOND, event: 'DISCONNECT' });

describe('a connection that another listener may have told of', () => {
  it.each([
    ['nothing is known of the socket', connect(10), undefined, undefined],
    ['the other kind stands before it', connect(10), disconnect(9), undefined],
    ['the same stands long before it, as after a gap', connect(100), connect(10), undefined],
    ['it is the first that is told of a socket', disconnect(10), undefined, undefined],
    ['it came and went between what the other saw', disconnect(50), connect(0), disconnect(100)],
    ['and back', connect(52), disconnect(50), disconnect(100)],
  ])('is news when %s', (_, row, before, after) => {
    expect(isTold(row, before, after)).toBe(false);
  });

  it.each([
    ['the same stands a moment before', connect(11.3), connect(10), undefined],
    ['the same stands a moment after', connect(10), undefined, connect(11.3)],
    ['the same stands before, and the other kind after', connect(10), connect(9), disconnect(20)],
    ['it closes what was never told to be open, and opens again soon', disconnect(3), undefined, connect(6)],
    ['what came before it was not written either', connect(82), connect(0), disconnect(100)],
  ])('is none when %s', (_, row, before, after) => {
    expect(isTold(row, before, after)).toBe(true);
  });
});
