import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { InvalidInputError } from '../errors.js';
import type { QueryParameters } from '../logs/list-query.js';
import type { Micros } from '../time.js';
import { jsonOverview } from './overview-json.js';
import { overviewView } from './overview-view.js';
import { RANGES, readOverview, type Overview, type RangeName } from './overview.js';
import type { Readiness } from './readiness.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';
import { readerZone, type ReaderZone } from './zone.js';

export interface OverviewParts {
  readonly knex: Knex;
  readonly readiness: () => Promise<Readiness>;
  readonly zoneOf: (user: ConsoleUser | undefined) => string;
  readonly clock: () => Micros;
}

export interface OverviewRequest {
  readonly range: RangeName;
  readonly zone: ReaderZone;
  /** The zone where the address names it, null where it is the reader's own. */
  readonly tz: string | null;
}

/** The page. Needs a signed-in user. */
export const overviewPage =
  (parts: OverviewParts, views: Views, pbxName: string): RequestHandler =>
  async (request, response) => {
    const asked = parseOverviewRequest(request.query, parts.zoneOf(response.locals.user));
    const view = overviewView(await read(parts, asked), asked.tz, pbxName);
    await views.render(request, response, 'overview', {
      title: 'Overview',
      section: 'overview',
      zone: asked.zone.name,
      ownNotices: true,
      styles: ['overview.css'],
      scripts: ['chart.js', 'overview.js'],
      view: { overview: view },
    });
  };

/** The same as JSON. */
export const overviewApi =
  (parts: OverviewParts): RequestHandler =>
  async (request, response) => {
    response.json(jsonOverview(await read(parts, parseOverviewRequest(request.query, parts.zoneOf(response.locals.user)))));
  };

const read = ({ knex, readiness, clock }: OverviewParts, { range, zone }: OverviewRequest): Promise<Overview> => readOverview(knex, readiness, range, zone, clock());

/** Reads the query string. Throws InvalidInputError that names a parameter which is wrong, or unknown. */
export function parseOverviewRequest(parameters: QueryParameters, ownZone: string): OverviewRequest {
  const unknown = Object.keys(parameters).find((name) => name !== 'range' && name !== 'tz');
  if (unknown !== undefined) throw new InvalidInputError(unknown, 'is no parameter of the overview; there are range, tz');
  const given = single(parameters, 'range') ?? '24h';
  const range = RANGES.find((name) => name === given);
  if (range === undefined) throw new InvalidInputError('range', `must be one of ${RANGES.join(', ')}`);
  const tz = single(parameters, 'tz');
  return { range, zone: readerZone(tz ?? ownZone), tz };
}

function single(parameters: QueryParameters, name: string): string | null {
  const value = parameters[name];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw new InvalidInputError(name, 'must be a single value');
  return value.trim() === '' ? null : value.trim();
}
