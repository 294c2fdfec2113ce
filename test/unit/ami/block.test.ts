import { describe, expect, test } from 'vitest';
import { checkBlock, unescapeValue } from '../../../src/ami/block.js';

const check = (lines: readonly string[], ours: readonly string[] = ['logbook-1']) => checkBlock(lines.join('\r\n'), (id) => ours.includes(id));
const textOf = (block: ReturnType<typeof check>): string => ('text' in block ? block.text : '');

describe('checkBlock', () => {
  test('passes what Logbook reads, under the name it knows', () => {
    expect(check(['Event: peerstatus', 'Peer: SIP/804', 'Empty: ', 'Tight:x'])).toEqual({
      kind: 'event',
      text: 'Event: PeerStatus\r\nPeer: SIP/804\r\nEmpty: \r\nTight: x\r\n\r\n',
      dropped: [],
    });
  });

  test.each(['error', 'rawevent', 'close', 'managerevent', 'logbook-1', '__proto__'])('keeps `Event: %s` from an emitter of events by name', (name) => {
    expect(check([`Event: ${name}`, 'Secret: x'])).toEqual({ kind: 'unknown', name, headerNames: ['Event', 'Secret'] });
  });

  test('ignores events that are known and tell nothing', () => {
    expect(check(['Event: Newchannel', 'Channel: x']).kind).toBe('uninteresting');
  });

  test('drops keys that break objects, and headers that turn an event into an answer', () => {
    const block = check(['Event: UserEvent', '__proto__: a', 'Constructor: b', 'Response: Success', 'ActionID: theirs', 'Event: error', 'Kept: 1']);
    expect(block).toEqual({ kind: 'event', text: 'Event: UserEvent\r\nKept: 1\r\n\r\n', dropped: ['__proto__', 'Constructor'] });
  });

  test('gives the last of two UserEvent headers, of which asterisk-manager would make a list and throw', () => {
    expect(textOf(check(['Event: UserEvent', 'UserEvent: SipSession', 'A: 1', 'userevent: Other']))).toBe('Event: UserEvent\r\nA: 1\r\nuserevent: Other\r\n\r\n');
  });

  test('takes no header whose name holds a line break, which would begin a block of its own', () => {
    expect(check(['Event: Cdr', 'A: 1', 'x\n\nEvent: error', 'y\rResponse: Success'])).toEqual({ kind: 'event', text: 'Event: Cdr\r\nA: 1\r\n\r\n', dropped: ['(no header)', '(no header)'] });
  });

  test('passes answers that were asked for, and no others', () => {
    expect(check(['Response: Success', 'ActionID: logbook-1', 'Event: error', 'Value: x'])).toMatchObject({ text: 'Response: Success\r\nActionID: logbook-1\r\nValue: x\r\n\r\n' });
    expect(check(['Response: Success', 'ActionID: error']).kind).toBe('stray-answer');
    expect(check(['Response: Success']).kind).toBe('stray-answer');
    expect(check(['Event: ContactList', 'ActionID: theirs']).kind).toBe('stray-answer');
    expect(check(['Response: Follows', 'ActionID: logbook-1']).kind).toBe('malformed');
  });

  test('keeps line breaks and percent signs inside values', () => {
    const values = ['a\nb', 'c\rd', '100%', '%0A', 'Variable=1'];
    const text = textOf(check(['Event: Cdr', ...values.map((value, index) => `V${index}: ${value}`), 'Variable: x=1=2']));
    const lines = text.trimEnd().split(/\r?\n/).slice(1);
    expect(lines).toHaveLength(values.length + 1);
    expect(lines.map((line) => unescapeValue(line.slice(line.indexOf(': ') + 2)))).toEqual([...values, 'x=1=2']);
    expect(lines.at(-1)).not.toContain('=');
  });

  test('makes one header of all lines of a command', () => {
    expect(textOf(check(['Response: Success', 'ActionID: logbook-1', 'Output: one', 'Output: ', 'Output:  two']))).toContain('Output: one%0A%0A two\r\n');
  });

  test('leaves out lines without a header, and blocks that begin with none', () => {
    expect(check(['Event: Cdr', 'no header here', 'A: 1'])).toMatchObject({ kind: 'event', dropped: ['(no header)'], text: 'Event: Cdr\r\nA: 1\r\n\r\n' });
    expect(check(['GET / HTTP/1.1', 'Host: x'])).toEqual({ kind: 'malformed', headerNames: ['Host', '(no header)'] });
    expect(check(Array.from({ length: 3_000 }, (_, index) => `H${index}: x`)).kind).toBe('malformed');
  });
});
