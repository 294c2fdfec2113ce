/** Some five milliseconds. */
const IN_A_PIECE = 500;

/** The JSON of many things, each kept until it changes: saving costs what changed since the last time. */
export class Texts<T extends object> {
  private texts = new WeakMap<T, string>();

  constructor(private readonly save: (item: T) => unknown) {}

  /** The item is about to change. */
  forget(item: T): void {
    this.texts.delete(item);
  }

  /** A JSON array of the items, in pieces: of many it is some MB. */
  *array(items: Iterable<T>): Generator<string> {
    let begin = '[';
    let some: string[] = [];
    for (const item of items) {
      some.push(this.of(item));
      if (some.length < IN_A_PIECE) continue;
      yield begin + some.join();
      begin = ',';
      some = [];
    }
    yield some.length > 0 ? `${begin}${some.join()}]` : begin === '[' ? '[]' : ']';
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
