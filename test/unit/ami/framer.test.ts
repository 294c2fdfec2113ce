import { describe, expect, test, vi } from 'vitest';
import { BlockFramer } from '../../../src/ami/framer.js';

function framed(chunks: readonly (string | Buffer)[], limits?: { eventBytes: number; answerBytes: number }) {
  const blocks: string[] = [];
  const framer = new BlockFramer((text) => blocks.push(text), limits);
  for (const chunk of chunks) framer.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
  return { blocks, framer };
}

describe('BlockFramer', () => {
  test('cuts at empty lines, drops the greeting and stray empty lines', () => {
    const { blocks } = framed(['Asterisk Call Manager/11.0.0\r\nResponse: Error\r\nMessage: No Contacts found\r\n\r\n\r\nEvent: Cdr\r\n\r\n\r\n\r\nEvent: X\r\n\r\n']);
    expect(blocks).toEqual(['Response: Error\r\nMessage: No Contacts found', 'Event: Cdr', 'Event: X']);
  });

  test('takes the greeting for one only at the start', () => {
    const { blocks } = framed(['Event: Cdr\r\n\r\nAsterisk Call Manager/1\r\nEvent: X\r\n\r\n']);
    expect(blocks[1]).toBe('Asterisk Call Manager/1\r\nEvent: X');
  });

  test('is not moved by how the bytes are cut, in the middle of a character least of all', () => {
    const bytes = Buffer.from('Asterisk Call Manager/11.0.0\r\nEvent: Cdr\r\nUserField: Grüße 🙂\r\n\r\nEvent: X\r\nA: b\nc\rd\r\n\r\n');
    const expected = ['Event: Cdr\r\nUserField: Grüße 🙂', 'Event: X\r\nA: b\nc\rd'];
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      expect(framed(chunks).blocks, `chunks of ${size}`).toEqual(expected);
    }
  });

  test.each([1_000, 65_536, 50_000_000])('skips a line of 10 MB that comes in chunks of %i bytes, and reads on', (size) => {
    const bytes = Buffer.from(`Event: A\r\n\r\nEvent: B\r\nX: ${'y'.repeat(10_000_000)}\r\n\r\nEvent: C\r\n\r\n`);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    const { blocks, framer } = framed(chunks);
    expect(blocks).toEqual(['Event: A', 'Event: C']);
    expect(framer.oversized).toBe(1);
  });

  test('allows an answer more than an event', () => {
    const limits = { eventBytes: 20, answerBytes: 40 };
    const { blocks, framer } = framed([`Event: ${'e'.repeat(30)}\r\n\r\nResponse: ${'r'.repeat(25)}\r\n\r\n`], limits);
    expect(blocks).toEqual([`Response: ${'r'.repeat(25)}`]);
    expect(framer.oversized).toBe(1);
  });

  test('looks at bytes, and moves them, as often as there are more of them, not as their square', () => {
    const touched = (lines: number): number => {
      const block = Buffer.from(`Response: Success\r\n${'Output: a line of the length that they have\r\n'.repeat(lines)}\r\n`);
      const chunks: Buffer[] = [];
      for (let at = 0; at < block.length; at += 512) chunks.push(block.subarray(at, at + 512));
      const prototype = Buffer.prototype as Buffer;
      const spies = [vi.spyOn(prototype, 'indexOf'), vi.spyOn(prototype, 'copyWithin'), vi.spyOn(prototype, 'copy')] as const;
      expect(framed(chunks).blocks).toHaveLength(1);
      const [searching, moving, copying] = spies;
      const lengthOf = (buffer: unknown): number => (Buffer.isBuffer(buffer) ? buffer.length : 0);
      const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
      const searched = sum(searching.mock.calls.map(([, from], call) => lengthOf(searching.mock.contexts[call]) - Number(from)));
      const moved = sum(moving.mock.calls.map(([, start, end]) => Number(end) - start));
      const copied = sum(copying.mock.contexts.map(lengthOf));
      for (const spy of spies) spy.mockRestore();
      const bytes = searched + moved + copied;
      expect(bytes).toBeGreaterThan(block.length);
      return bytes;
    };
    // Eight times the bytes: 64 times the work would be the square.
    expect(touched(80_000) / touched(10_000)).toBeLessThan(16);
  });
});
