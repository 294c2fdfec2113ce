export interface Check {
  readonly ok: boolean;
  /** For people, and shown without sign-in on `/readyz`: never holds a secret. */
  readonly message: string;
  /** What works less well than it could, and what to do about it. */
  readonly warnings?: readonly string[];
}

/** What the service stands on, part by part. */
export interface Readiness {
  readonly database: Check;
  readonly spool: Check;
  readonly ami: Check;
  readonly jobs: Check;
}

export const isReady = (readiness: Readiness): boolean => Object.values(readiness as unknown as Record<string, Check>).every((check) => check.ok);

/** Asks at most once every `maxAgeMs`, so that a notice on every page costs nothing. A failed answer is not kept. */
export function remembered<T>(ask: () => Promise<T>, maxAgeMs: number, now: () => number = Date.now): () => Promise<T> {
  let answer: Promise<T> | null = null;
  let askedAt = 0;
  return () => {
    if (answer === null || now() - askedAt >= maxAgeMs) {
      askedAt = now();
      const asked = ask();
      answer = asked;
      asked.catch(() => {
        if (answer === asked) answer = null;
      });
    }
    return answer;
  };
}
