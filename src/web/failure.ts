import { InvalidInputError, NotFoundError } from '../errors.js';
import { mark } from './texts/mark.js';

/** An error as a client may see it: nothing of the inside. */
export interface Failure {
  readonly status: number;
  /** Title and message are English; pages say them in the reader's language. */
  readonly title: string;
  readonly message: string;
  /** The parameter at fault. */
  readonly parameter: string | null;
  readonly retryAfterSeconds: number | null;
}

/** Who asks is not known, or may not. */
export class SignInNeededError extends Error {
  override readonly name = 'SignInNeededError';
}

/** Too many failures: says when to come back. */
export class TooManyFailuresError extends Error {
  override readonly name = 'TooManyFailuresError';
  constructor(readonly retryAfterSeconds: number) {
    const minutes = Math.ceil(retryAfterSeconds / 60);
    super(minutes === 1 ? 'Too many failed sign-ins. Try again in a minute.' : `Too many failed sign-ins. Try again in ${minutes} minutes.`);
  }
}

/** As many long files are being written as Logbook writes at once: says when to come back. */
export class ExportsBusyError extends Error {
  override readonly name = 'ExportsBusyError';
  readonly retryAfterSeconds = 60;
  constructor() {
    super('Logbook is writing as many long files as it does at once. Try again in a minute.');
  }
}

/** The answer took longer than anybody waits. */
export class OverdueError extends Error {
  override readonly name = 'OverdueError';
}

/** The one place where errors get an HTTP status. */
export function failureOf(error: unknown): Failure {
  if (error instanceof InvalidInputError) {
    return failure(400, mark('That cannot be asked'), `${error.field} ${error.reason}.`, { parameter: error.field });
  }
  if (error instanceof SignInNeededError) return failure(401, mark('Sign in first'), error.message);
  if (error instanceof NotFoundError) return failure(404, mark('Not found'), 'There is nothing at this address.');
  if (error instanceof TooManyFailuresError) {
    return failure(429, mark('Too many failures'), error.message, { retryAfterSeconds: error.retryAfterSeconds });
  }
  if (error instanceof ExportsBusyError) {
    return failure(503, mark('Too many files at once'), error.message, { retryAfterSeconds: error.retryAfterSeconds });
  }
  if (codeOf(error) === 'EBADCSRFTOKEN') {
    return failure(403, mark('The form is out of date'), 'Go back, load the page again and send the form once more.');
  }
  if (error instanceof OverdueError || isDatabaseAway(error)) {
    return failure(503, mark('The database is away'), 'Logbook cannot reach its database just now. Nothing is lost; try again in a moment.', {
      retryAfterSeconds: 5,
    });
  }
  const status = clientStatus(error);
  if (status !== null) return failure(status, mark('That cannot be read'), 'The request is not in order.');
  return failure(500, mark('Something went wrong'), 'Logbook could not do that. Its log says more.');
}

function failure(status: number, title: string, message: string, more: Partial<Failure> = {}): Failure {
  return { status, title, message, parameter: null, retryAfterSeconds: null, ...more };
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'ER_ACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
]);

/** Whether an error says that the database cannot be reached, rather than that a statement is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error) ?? '';
  // A pool that is being closed, as at shutdown, answers with an Error without a code.
  if (error.name === 'KnexTimeoutError' || error.message === 'Unable to acquire a connection') return true;
  return CONNECTION_CODES.has(code) || /^SQLITE_(BUSY|CANTOPEN|FULL|IOERR|LOCKED|READONLY)/.test(code);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

// What Express and its body parser refuse before any of our code, such as a malformed %-escape.
function clientStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  return error.status >= 400 && error.status < 500 ? error.status : null;
}
