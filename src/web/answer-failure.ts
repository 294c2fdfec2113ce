import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { failureOf, OverdueError, type Failure } from './failure.js';
import { languageOf } from './language.js';
import type { Views } from './views.js';

/** Longer than any page takes; a database that swallows every question must not keep its readers. */
const PATIENCE_MS = 20_000;

const isApi = (request: Request): boolean => request.path.startsWith('/api/') || request.path === '/readyz';

/** Gives up on an answer that has not begun within the time that readers wait. */
export const overdue: RequestHandler = (_request, response, next) => {
  const timer = setTimeout(() => {
    if (!response.headersSent) next(new OverdueError('no answer in time'));
  }, PATIENCE_MS);
  response.once('close', () => clearTimeout(timer));
  next();
};

/** The last handler: every error becomes a page or JSON, in the words of `failureOf`. */
export function answerFailure(views: Views, logger: Logger): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    // Answered as overdue while its handler was still at it.
    if (response.writableEnded) return;
    const failure = failureOf(error);
    if (failure.status >= 500) logger.error({ err: error, method: request.method, path: request.path }, failure.title);
    // Begun answers cannot be taken back; Express cuts them off, so that nobody takes them for whole.
    if (response.headersSent) {
      next(error);
      return;
    }
    if (failure.retryAfterSeconds !== null) response.set('Retry-After', String(failure.retryAfterSeconds));
    if (isApi(request)) answerJson(request, response, failure);
    else await answerPage(views, request, response, failure);
  };
}

function answerJson(request: Request, response: Response, { status, parameter, message }: Failure): void {
  // Only scripts are asked so: a browser would open its own window for it.
  if (status === 401 && request.path.startsWith('/api/')) response.set('WWW-Authenticate', 'Basic realm="Logbook", charset="UTF-8"');
  response.status(status).set('Cache-Control', 'no-store').json({ error: { parameter, message } });
}

async function answerPage(views: Views, request: Request, response: Response, failure: Failure): Promise<void> {
  // Without the database there is neither a session nor a user to show.
  const bare = failure.status >= 500 || !('session' in request);
  const { t, said } = languageOf(response);
  await views.render(request, response, 'failure', {
    title: t(failure.title),
    status: failure.status,
    bare,
    view: { message: said(failure.message) },
  });
}
