import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Request, Response } from 'express';
import { clientAddress } from './client-address.js';

const WINDOW_MS = 15 * 60 * 1_000;
const MAX_FAILURES = 50;

/** Bounds failed sign-ins by address, whatever names they try; successes cost nothing. Counted in this process. */
export interface AddressLimit {
  /** Seconds until the address may try again; null when it may now. */
  refusedFor(request: Request): Promise<number | null>;
  /** Counts a failure; true when it was the one that used up what is allowed. */
  failed(request: Request, response: Response): Promise<boolean>;
}

export function addressLimit(): AddressLimit {
  const key = (request: Request): string => ipKeyGenerator(clientAddress(request) || '0.0.0.0');
  const count = rateLimit({
    windowMs: WINDOW_MS,
    limit: MAX_FAILURES,
    keyGenerator: key,
    standardHeaders: false,
    legacyHeaders: false,
    // Whether a forwarded address counts is TRUST_PROXY's decision, not a mistake to report.
    validate: false,
    handler: (_request, _response, next) => next(),
  });
  return {
    async refusedFor(request) {
      const seen = await count.getKey(key(request));
      if (!seen || seen.totalHits < MAX_FAILURES) return null;
      return Math.max(1, Math.ceil(((seen.resetTime?.getTime() ?? Date.now()) - Date.now()) / 1_000));
    },
    async failed(request, response) {
      await count(request, response, () => undefined);
      return (await count.getKey(key(request)))?.totalHits === MAX_FAILURES;
    },
  };
}
