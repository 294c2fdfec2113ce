/** The items of a source, of which the next one is read while the last is in work. */
export async function* readAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let coming = source.next();
  try {
    for (;;) {
      const next = await coming;
      if (next.done === true) return;
      coming = source.next();
      // It is told when it is waited for; who breaks off before that does not ask.
      coming.catch(() => undefined);
      yield next.value;
    }
  } finally {
    await source.return(undefined);
  }
}
