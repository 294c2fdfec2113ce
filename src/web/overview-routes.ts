import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { oneOf, parametersOf, readParameters, text, type QueryParameters } from '../logs/parameters.js';
import type { Micros } from '../time.js';
import type { Endpoint } from './api-endpoints.js';
import { languageOf } from './language.js';
import { jsonOverview, overviewSchema } from './overview-json.js';
import { overviewView } from './overview-view.js';
import { RANGES, readOverview, type Overview, type RangeName } from './overview.js';
import type { Readiness } from './readiness.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';
import { readerZone, type ReaderZone } from './zone.js';

export interface OverviewParts {
  readonly knex: Knex;
  readonly readiness: () => Promise<Readiness>;
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
  (parts: OverviewParts, views: Views, zoneOf: (user: ConsoleUser | undefined) => string, pbxName: string): RequestHandler =>
  async (request, response) => {
    const asked = parseOverviewRequest(request.query, zoneOf(response.locals.user));
    const language = languageOf(response);
    const view = overviewView(await read(parts, asked), asked.tz, pbxName, language);
    await views.render(request, response, 'overview', {
      title: language.t('Overview'),
      section: 'overview',
      zone: asked.zone.name,
      ownNotices: true,
      styles: ['overview.css'],
      scripts: ['chart.js', 'overview.js'],
      view: { overview: view },
    });
  };

const read = ({ knex, readiness, clock }: OverviewParts, { range, zone }: OverviewRequest): Promise<Overview> => readOverview(knex, readiness, range, zone, clock());

const ofOverview = parametersOf('the overview', {
  range: oneOf(RANGES).default('24h').meta({ description: 'How far back: from the full hour so long ago to the end of the hour that runs.' }),
  tz: text().optional().meta({ description: 'The time zone whose hours are counted. Without it that of the service (TIME_ZONE).', param: { example: 'Europe/Rome' } }),
});

/** The same as JSON, by the hours of `ownZone` unless it is asked for others. */
export const overviewEndpoint = (parts: OverviewParts, ownZone: string): Endpoint => ({
  path: '/overview',
  operationId: 'getOverview',
  summary: 'Overview',
  description: 'Whether everything is all right, and what happened in the last 24 hours or 7 days: counts are exact, and what is not known is said to be so.',
  parameters: { query: ofOverview },
  answer: { description: 'The overview.', schema: overviewSchema },
  missing: false,
  named: { Overview: overviewSchema },
  async respond(_knex, { query }) {
    return jsonOverview(await read(parts, parseOverviewRequest(query, ownZone)));
  },
});

/** Reads the query string. Throws InvalidInputError that names a parameter which is wrong, or unknown. */
export function parseOverviewRequest(parameters: QueryParameters, ownZone: string): OverviewRequest {
  const { range, tz = null } = readParameters(ofOverview, parameters);
  return { range, zone: readerZone(tz ?? ownZone), tz };
}
