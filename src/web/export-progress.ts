import { Router, type Response } from 'express';
import { InvalidInputError, NotFoundError } from '../errors.js';
import { parametersOf, readParameters, text, type QueryParameters } from '../logs/parameters.js';
import type { RowEstimate } from './export-rows.js';
import { field } from './sign-in-routes.js';

/**
 * How far a download is. `done`: all of it has been handed over; `broken`: it was cut off, because Logbook failed
 * (`failed`), the browser or the line to it gave up (`gone`), or its user said so (`cancelled`).
 */
export interface DownloadState {
  readonly state: 'running' | 'done' | 'broken';
  readonly why: 'failed' | 'gone' | 'cancelled' | null;
  readonly rows: number;
  /** Of how many, as far as that is known; null where it is not. */
  readonly of: RowEstimate | null;
  /** The part that is done, from 0 to 1, where it can be told. */
  readonly part: number | null;
}

interface Download {
  readonly userId: number;
  readonly response: Response;
  rows: number;
  of: RowEstimate | null;
  part: number | null;
  state: DownloadState['state'];
  why: DownloadState['why'];
}

/** Of one download, by whoever writes it. */
export interface Tracked {
  /** So many rows more are written; `part` as in `DownloadState`, null where the rows tell it. */
  wrote(rows: number, part: number | null): void;
  failed(): void;
}

export interface Downloads {
  /** Begins to follow an answer under an id that the page made up. Throws InvalidInputError for an id of a download under way, or of somebody else's. */
  track(id: string, userId: number, response: Response, of: RowEstimate | null): Tracked;
  /** `GET /export/progress?download=ID` and `POST /export/cancel`, for the user whose download it is. */
  readonly routes: Router;
}

/** Long enough for a page that was asleep to hear how it ended. */
const REMEMBERED_MS = 10 * 60_000;
const MOST_REMEMBERED = 500;
export const DOWNLOAD = 'download';

/** Downloads of this process, in memory: whoever asks another process, or after a restart, hears that there is none. */
export function downloads(): Downloads {
  const known = new Map<string, Download>();
  const routes = Router();

  const own = (id: string, userId: number | undefined): Download => {
    const download = known.get(id);
    if (download?.userId !== userId || download === undefined) throw new NotFoundError('no such download');
    return download;
  };
  routes.get('/export/progress', (request, response) => {
    const { download: id } = readParameters(ofProgress, request.query);
    response.set('Cache-Control', 'no-store').json(stateOf(own(id, response.locals.user?.id)));
  });
  routes.post('/export/cancel', (request, response) => {
    const download = own(field(request, DOWNLOAD), response.locals.user?.id);
    if (download.state === 'running') {
      end(download, 'broken', 'cancelled');
      // The browser must see that the file is not whole.
      download.response.destroy();
    }
    response.json(stateOf(download));
  });

  return {
    routes,
    track(id, userId, response, of) {
      const other = known.get(id);
      // A browser that tries a broken download again asks by the same address.
      if (other && (other.userId !== userId || other.state === 'running')) throw new InvalidInputError(DOWNLOAD, 'is the id of another download');
      const download: Download = { userId, response, rows: 0, of, part: of?.rows === 0 ? 1 : null, state: 'running', why: null };
      known.set(id, download);
      forgetOldest(known);
      response.once('finish', () => end(download, 'done', null));
      response.once('close', () => {
        end(download, 'broken', 'gone');
        setTimeout(() => {
          if (known.get(id) === download) known.delete(id);
        }, REMEMBERED_MS).unref();
      });
      return {
        wrote(rows, part) {
          download.rows += rows;
          download.part = part ?? (download.of?.kind === 'more than' || !download.of ? null : Math.min(1, download.rows / Math.max(1, download.of.rows)));
        },
        failed: () => end(download, 'broken', 'failed'),
      };
    },
  };
}

const ofProgress = parametersOf('the progress of a download', { [DOWNLOAD]: text() });

/** The id that a page gave its download, and the other parameters. Throws InvalidInputError for one that could be guessed. */
export function takeDownloadId(parameters: QueryParameters): { readonly id: string | null; readonly rest: QueryParameters } {
  const { [DOWNLOAD]: id, ...rest } = parameters;
  if (id === undefined) return { id: null, rest };
  if (typeof id !== 'string' || !/^[\w-]{20,64}$/.test(id)) throw new InvalidInputError(DOWNLOAD, 'must be 20 to 64 letters and digits');
  return { id, rest };
}

/** The first end counts: a connection that was cut off closes, too. */
function end(download: Download, state: DownloadState['state'], why: DownloadState['why']): void {
  if (download.state !== 'running') return;
  download.state = state;
  download.why = why;
  if (state === 'done') download.part = 1;
}

const stateOf = ({ state, why, rows, of, part }: Download): DownloadState => ({ state, why, rows, of: totalOf({ state, rows, of, part }), part });

/** Where rows were too many to count, their times tell about how many there will be; at the end it is known. */
function totalOf({ state, rows, of, part }: Pick<Download, 'state' | 'rows' | 'of' | 'part'>): RowEstimate | null {
  if (state === 'done') return { kind: 'exact', rows };
  if (of !== null && of.kind !== 'more than') return of;
  if (part === null || part < 0.02) return of;
  const about = Math.round(rows / part);
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, about))) - 2);
  return { kind: 'about', rows: Math.max(Math.round(about / step) * step, of?.rows ?? 0) };
}

function forgetOldest(known: Map<string, Download>): void {
  if (known.size <= MOST_REMEMBERED) return;
  for (const [id, { state }] of known) {
    if (state === 'running') continue;
    known.delete(id);
    return;
  }
}
