/** Some five milliseconds. */
const MADE_AT_ONCE = 500;

/** The JSON of many things, each kept until it changes: saving costs what changed since the last time. */
export class Texts<T extends object> {
  private texts = new WeakMap<T, string>();

  constructor(private readonly save: (item: T) => unknown) {}

  /** The item is about to change. */
  forget(item: T): void {
    this.texts.delete(item);
  }

  /** Makes what {@link array} needs, some at a time: of many that have changed that takes long. */
  *prepare(items: Iterable<T>): Generator<void> {
    let made = 0;
    for (const item of items) {
      if (this.texts.has(item)) continue;
      this.of(item);
      made += 1;
      if (made % MADE_AT_ONCE === 0) yield;
    }
  }

  /** A JSON array of the items. */
  array(items: Iterable<T>): string {
    return `[${Array.from(items, (item) => this.of(item)).join()}]`;
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

/** A JSON object whose members are JSON already. */
export function jsonObject(members: Readonly<Record<string, string>>): string {
  // Concatenation, unlike a join, copies no large text.
  let text = '';
  for (const [name, member] of Object.entries(members)) text += `${text === '' ? '' : ','}"${name}":${member}`;
  return `{${text}}`;
}
