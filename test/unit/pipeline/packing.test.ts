import { expect, it } from 'vitest';
import { Packing, unpack } from '../../../src/pipeline/packing.js';

it('what is packed in pieces comes back as one text, many times smaller', () => {
  const pieces = Array.from({ length: 3_000 }, (_, n) => (n % 7 === 0 ? '' : `{"name":"phöne ${n}","contacts":[{"uri":"sip:${n}@10.0.0.1","userAgent":"${'a phone '.repeat(50)}"}]},`));
  const packing = new Packing();
  for (const piece of pieces) packing.add(piece);
  const packed = packing.end();
  expect(unpack(packed)).toBe(pieces.join(''));
  expect(packed.length).toBeLessThan(pieces.join('').length / 10);
});

it('what an earlier release kept as text is taken as it is, and of what is damaged nothing', () => {
  expect(unpack('{"version":3}')).toBe('{"version":3}');
  const packing = new Packing();
  packing.add('{"version":3}');
  const packed = packing.end();
  expect(unpack(packed.subarray(0, packed.length - 3))).toBe('');
  expect(unpack(new Uint8Array())).toBe('');
});
