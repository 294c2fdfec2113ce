import { Router, type Request, type Response } from 'express';
import type { Knex } from 'knex';
import { InvalidInputError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';
import type { QueryParameters } from '../logs/parameters.js';
import type { Micros } from '../time.js';
import { CHOICE_NAMES, choiceParameters, parseChoices, parseExportRequest, type ExportRequest } from './export-choices.js';
import { DOWNLOAD, takeDownloadId } from './export-progress.js';
import { progressTexts } from './export-texts.js';
import { openExport } from './export-rows.js';
import { downloadHref, exportView } from './export-view.js';
import { languageOf } from './language.js';
import { fieldValues } from './list-columns.js';
import { logOf } from './menu.js';
import type { Preferences } from './preferences.js';
import { field } from './sign-in-routes.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';
import { isZone } from './zone.js';

type Texts = Readonly<Record<string, string>>;

/** Where one chooses how a list becomes a file. What was chosen is remembered for that user and list. Needs a signed-in user. */
export function exportPage(knex: Knex, views: Views, preferences: Preferences, zoneOf: (user: ConsoleUser | undefined) => string, clock: () => Micros): Router {
  const show = async (request: Request, response: Response, asked: ExportRequest, problem: string | null): Promise<void> => {
    const { estimate } = await openExport(knex, asked);
    const { title, name } = asked.listing.log;
    const language = languageOf(response);
    await views.render(request, response, 'export', {
      title: language.t('Export {{list}}', { list: language.t(title) }),
      section: name,
      status: problem === null ? 200 : 400,
      styles: ['export.css'],
      scripts: ['export.js'],
      view: { export: exportView(asked, estimate, problem === null ? null : language.said(problem), language), progress: progressTexts(language) },
    });
  };
  const router = Router();

  router.get('/export', async (request, response) => {
    const { list, ...given } = request.query;
    const log = logOf(list);
    const user = response.locals.user;
    const chooses = CHOICE_NAMES.some((name) => name !== 'calls' && given[name] !== undefined);
    const stored = chooses || !user ? {} : fromText((await preferences.read(user.id, preferenceName(log))) ?? '');
    // Legs and calls have other columns: what was chosen for the ones says nothing of the others.
    const own = given['calls'] === undefined || given['calls'] === (stored['calls'] ?? 'legs') ? stored : without(stored, ['calls', 'columns']);
    await show(request, response, parsed(log, { ...usable(log, own), ...given }, zoneOf(user), clock()), null);
  });

  router.post('/export', async (request, response) => {
    const log = logOf(field(request, 'list'));
    const user = response.locals.user;
    const choices = choicesOf(request);
    const list = fromText(field(request, 'parameters'));
    try {
      const asked = parsed(log, { ...list, ...choices }, zoneOf(user), clock());
      if (user) await preferences.write(user.id, preferenceName(log), toText(asked, zoneOf(user)));
      const { id } = takeDownloadId({ [DOWNLOAD]: field(request, DOWNLOAD) || undefined });
      response.redirect(303, id === null ? downloadHref(asked) : `${downloadHref(asked)}&${DOWNLOAD}=${id}`);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      await show(request, response, parsed(log, { ...list, ...usable(log, choices) }, zoneOf(user), clock()), `${error.field} ${error.reason}.`);
    }
  });

  return router;
}

/** Whole calls come in one order: a list sorted by something else can still be exported so. */
function parsed(log: LogDefinition, parameters: QueryParameters, ownZone: string, now: Micros): ExportRequest {
  return parseExportRequest(log, parameters['calls'] === 'folded' ? without(parameters, ['sort', 'order']) : parameters, ownZone, 'csv', now);
}

/** What the form says, as a download's address would. */
function choicesOf(request: Request): Texts {
  const names = [...CHOICE_NAMES.filter((name) => name !== 'columns'), 'tz'];
  const given = Object.fromEntries(names.map((name) => [name, field(request, name)] as const).filter(([, value]) => value !== ''));
  const columns = fieldValues(request, 'column');
  const place = (name: string): number => Number(field(request, `place.${name}`)) || Number.MAX_SAFE_INTEGER;
  const ordered = columns.map((name) => ({ name, at: place(name) })).sort((a, b) => a.at - b.at);
  // A box that is not ticked is not sent.
  return { bom: 'no', ...given, columns: ordered.map(({ name }) => name).join(',') || ',' };
}

const preferenceName = (log: LogDefinition): string => `export.${log.name}`;

/** What is remembered: the choices, and the zone where it is another than the reader's own. */
function toText({ listing: { log, zone }, choices }: ExportRequest, ownZone: string): string {
  return new URLSearchParams({ ...Object.fromEntries(choiceParameters(log, choices)), ...(zone.name === ownZone ? {} : { tz: zone.name }) }).toString();
}

const fromText = (text: string): Texts => Object.fromEntries([...new URLSearchParams(text)]);

/** Those of the parameters that can be used: a column may be gone since they were remembered. */
function usable(log: LogDefinition, given: Texts): Texts {
  const order = ['calls', ...Object.keys(given).filter((name) => name !== 'calls')];
  let kept: Texts = {};
  for (const name of order) {
    const value = given[name];
    if (value === undefined) continue;
    if (name === 'tz' ? isZone(value) : canBe(log, { ...kept, [name]: value })) kept = { ...kept, [name]: value };
  }
  return kept;
}

function canBe(log: LogDefinition, parameters: Texts): boolean {
  try {
    parseChoices(log, without(parameters, ['tz']), 'csv');
    return true;
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}

const without = <V>(parameters: Readonly<Record<string, V>>, names: readonly string[]): Readonly<Record<string, V>> =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));
