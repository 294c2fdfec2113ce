import { gunzipSync, gzipSync } from 'node:zlib';

/** Characters that are worth a member of their own. */
const A_MEMBER = 500_000;

/** Makes a long text that comes in pieces small, without ever holding all of it: the state of ten thousand phones is 30 MB of JSON, and packed two or three. */
export class Packing {
  #pieces: string[] = [];
  #characters = 0;
  readonly #members: Buffer[] = [];

  /** Whether that took a while: some milliseconds. */
  add(piece: string): boolean {
    this.#pieces.push(piece);
    this.#characters += piece.length;
    if (this.#characters < A_MEMBER) return false;
    this.#pack();
    return true;
  }

  end(): Uint8Array {
    this.#pack();
    return Buffer.concat(this.#members);
  }

  #pack(): void {
    this.#members.push(gzipSync(this.#pieces.join(''), { level: 1 }));
    this.#pieces = [];
    this.#characters = 0;
  }
}

/** The text; what an earlier release kept as it was, as it is, and nothing of what is damaged. */
export function unpack(packed: string | Uint8Array): string {
  if (typeof packed === 'string') return packed;
  try {
    return gunzipSync(packed).toString();
  } catch {
    return '';
  }
}
