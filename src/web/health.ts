import { Router } from 'express';
import { isReady, type Readiness } from './readiness.js';

/** Whether the process runs, and whether all it stands on does. No sign-in, no session, no secrets. */
export function health(readiness: () => Promise<Readiness>): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const { database, spool, ami, jobs } = await readiness();
    const ready = isReady({ database, spool, ami, jobs });
    response
      .status(ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ status: ready ? 'ok' : 'unavailable', database, spool, ami, jobs });
  });
  return router;
}
