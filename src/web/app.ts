import type { EventEmitter } from 'node:events';
import { csrfSync } from 'csrf-sync';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import { reportKnex } from '../database/report-knex.js';
import { NotFoundError } from '../errors.js';
import { calls } from '../logs/cdr/call-columns.js';
import { countUpTo, LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import { fromMs, type Micros } from '../time.js';
import { access } from './access.js';
import { addressLimit } from './address-limit.js';
import { answerFailure, overdue } from './answer-failure.js';
import { accountHistoryEndpoint } from './account-json.js';
import { api } from './api.js';
import { API_ROOT, apiOf } from './api-document.js';
import { apiPage } from './api-page.js';
import { assets } from './asset-files.js';
import { FORMATS } from './export-choices.js';
import { callEndpoint, callsEndpoint } from './call-json.js';
import { exportDownload } from './export-download.js';
import { exportPage } from './export-page.js';
import { downloads } from './export-progress.js';
import { ExportThreads } from './export-thread.js';
import { health } from './health.js';
import { listForms } from './list-forms.js';
import { liveStreams, type LiveTiming } from './live-streams.js';
import { livePath } from './live-view.js';
import { ALL_LOGS } from './menu.js';
import { overviewEndpoint, overviewPage } from './overview-routes.js';
import { pages } from './pages.js';
import { preferences } from './preferences.js';
import { remembered, type Readiness } from './readiness.js';
import { databaseSessions } from './sessions.js';
import { signIn } from './sign-in.js';
import { field, signInRoutes } from './sign-in-routes.js';
import { consoleUsers, type ConsoleUser } from './users.js';
import { views } from './views.js';
import { isZone } from './zone.js';

export interface WebParts {
  readonly database: Database;
  readonly config: Pick<Config, 'http' | 'timeZone' | 'pbxName'>;
  readonly logger: Logger;
  /** A demo runs, which every page says. */
  readonly demo: boolean;
  readonly readiness: () => Promise<Readiness>;
  readonly clock?: () => Micros;
  /** Says `rows` when this process wrote some. */
  readonly news?: EventEmitter;
  /** Ends what goes on for as long as a page is open. */
  readonly stopping?: AbortSignal;
  readonly live?: LiveTiming;
}

/** How long a page's notice may lag behind the state of the PBX connection. */
const NOTICE_MS = 2_000;

/** The console, its JSON and its health pages. Starts nothing and asks the database nothing before the first request. */
export function createWebApp(parts: WebParts): Express {
  const { config, logger, demo, readiness, clock = () => fromMs(Date.now()) } = parts;
  const { knex } = parts.database;
  const users = consoleUsers(knex, clock);
  const signIns = signIn(knex, users, clock);
  const sessions = databaseSessions(knex);
  const gate = access(signIns, sessions, addressLimit(), clock);
  const csrf = csrfSync({ getTokenFromRequest: (request) => field(request, '_csrf'), size: 32 });
  const known = remembered(readiness, NOTICE_MS);
  const page = views(config, demo, { readiness: known, deadLetters: remembered(() => countUpTo(knex, null, LETTERS_COUNTED), NOTICE_MS) }, (request) => csrf.generateToken(request));
  const zoneOf = (user: ConsoleUser | undefined): string =>
    user?.timeZone && isZone(user.timeZone) ? user.timeZone : config.timeZone;
  const files = downloads();
  const exports = { database: parts.database, downloads: files, threads: new ExportThreads(), zoneOf, clock };
  const live = liveStreams({ knex, users, views: page, zoneOf, clock, news: parts.news, stopping: parts.stopping, timing: parts.live });
  const kept = preferences(knex);
  const lists = pages(knex, page, { zoneOf, preferences: kept, clock, live }, gate.readAhead, config.pbxName);
  const overview = { knex: reportKnex(knex), readiness: known, clock };
  const described = apiOf(ALL_LOGS, [overviewEndpoint(overview, config.timeZone), callsEndpoint(clock), callEndpoint(clock), accountHistoryEndpoint(clock)], clock);

  const app = express();
  app.set('trust proxy', config.http.trustProxy);
  app.disable('x-powered-by');
  // Nothing but files is ever kept, and those have their own.
  app.disable('etag');
  app.use(securityHeaders);
  app.use(overdue);
  app.use(health(readiness));
  app.use('/assets', assets());
  // Whatever else is asked is answered to readers alone.
  app.use(API_ROOT, noStore, unlessRead(gate.knownReader), api(knex, described.endpoints, gate.readFor), gate.knownReader);
  app.use(express.urlencoded({ extended: false, limit: '16kb' }));
  // SQLite answers one question after the other, and those who wait for a connection cost time.
  if (parts.database.dialect === 'mysql') app.use(lists.ahead);
  app.use(sessions.handle, gate.knowUser, csrf.csrfSynchronisedProtection);
  app.use(signInRoutes({ users, signIn: signIns, access: gate, views: page }));
  app.get('/api', gate.signedIn, apiPage(page, described));
  app.use('/api', () => {
    throw new NotFoundError('no such address');
  });
  for (const log of ALL_LOGS) {
    for (const format of FORMATS) app.get(`/${log.name}.${format}`, gate.knownOrBasic, gate.signedIn, exportDownload(exports, log, format));
  }
  // Before the sign-in, which a stream speaks of itself.
  for (const log of [...ALL_LOGS, calls]) app.get(livePath(log), live.stream(log));
  app.get('/overview', gate.signedIn, overviewPage(overview, page, zoneOf, config.pbxName));
  app.use(gate.signedIn, files.routes, exportPage(knex, page, kept, zoneOf, clock), listForms(kept, zoneOf, clock), lists.router);
  app.use(() => {
    throw new NotFoundError('no such address');
  });
  app.use(answerFailure(page, logger));
  return app;
}

const unlessRead =
  (guard: express.RequestHandler): express.RequestHandler =>
  (request, response, next) =>
    request.method === 'GET' || request.method === 'HEAD' ? next() : guard(request, response, next);

const noStore: express.RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

// All that a page needs comes from this host, scripts too; none stands in a page.
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      connectSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: 'same-origin' },
  xFrameOptions: { action: 'deny' },
  // Whether a name is for HTTPS only is for the proxy in front to say, which knows.
  strictTransportSecurity: false,
  // Browsers ignore both on plain HTTP, and complain.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
});
