/** Some five milliseconds. */
const IN_A_PIECE = 500;

/** A JSON array of many items as `save` gives them, in pieces: it is some MB. */
export const jsonArray = <T>(items: Iterable<T>, save: (item: T) => unknown): Generator<string> => pieces(items, (some) => JSON.stringify(some.map(save)).slice(1, -1));

/** The JSON of many things, each kept until it changes: saving costs what changed since the last time. */
export class Texts<T extends object> {
  private texts = new WeakMap<T, string>();

  constructor(private readonly save: (item: T) => unknown) {}

  /** The item is about to change. */
  forget(item: T): void {
    this.texts.delete(item);
  }

  /** A JSON array of the items, in pieces. */
  array(items: Iterable<T>): Generator<string> {
    return pieces(items, (some) => some.map((item) => this.of(item)).join());
  }

  private of(item: T): string {
    let text = this.texts.get(item);
    if (text === undefined) {
      text = JSON.stringify(this.save(item));
      this.texts.set(item, text);
    }
    return text;
  }
}

function* pieces<T>(items: Iterable<T>, membersOf: (some: readonly T[]) => string): Generator<string> {
  let begin = '[';
  let some: T[] = [];
  for (const item of items) {
    some.push(item);
    if (some.length < IN_A_PIECE) continue;
    yield begin + membersOf(some);
    begin = ',';
    some = [];
  }
  yield some.length > 0 ? `${begin}${membersOf(some)}]` : begin === '[' ? '[]' : ']';
}

/** A JSON object in pieces, whose members are pieces of JSON already. */
export function* jsonObject(members: Readonly<Record<string, Iterable<string>>>): Generator<string> {
  let begin = '{';
  for (const [name, member] of Object.entries(members)) {
    yield `${begin}"${name}":`;
    yield* member;
    begin = ',';
  }
  yield '}';
}
