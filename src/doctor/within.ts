/** The promise, or a rejection at the limit: a driver may wait for ever for a server that says nothing. */
export function within<T>(ms: number, who: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${who} did not answer within ${ms / 1_000} s`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
