import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Request, Response } from 'express';
import { Eta } from 'eta';
import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { visible } from './display-text.js';
import { LOGS } from './menu.js';
import type { Readiness } from './readiness.js';
import { ZONE_NAMES } from './zone.js';

// Beside this file, in `src` and in `dist/src` alike.
export const ASSETS = join(import.meta.dirname, 'assets');
const VIEWS = join(import.meta.dirname, 'views');

export interface Page {
  readonly status?: number;
  readonly title: string;
  /** The path of the main menu that this page stands under. */
  readonly section?: string;
  /** The zone of the page's times, where it is not the reader's own. */
  readonly zone?: string;
  /** Takes part in the layout, without the frame of a signed-in user. */
  readonly bare?: boolean;
  readonly view: Readonly<Record<string, unknown>>;
}

export interface Views {
  /** Answers with a page in the console's layout. */
  render(request: Request, response: Response, template: string, page: Page): Promise<void>;
}

/** Templates in the layout that every page shares. `readiness` is asked for each page. */
export function views(
  config: Pick<Config, 'timeZone' | 'pbxName'>,
  demo: boolean,
  readiness: () => Promise<Readiness>,
  csrfToken: (request: Request) => string,
): Views {
  const eta = new Eta({ views: VIEWS, cache: true, autoEscape: true });
  // The content's name lets browsers keep the file and still see the next release's.
  const styleHref = `/assets/console.css?v=${createHash('sha256').update(readFileSync(join(ASSETS, 'console.css'))).digest('hex').slice(0, 12)}`;
  return {
    async render(request, response, template, page) {
      const user = page.bare ? undefined : response.locals.user;
      const zone = page.zone ?? user?.timeZone ?? config.timeZone;
      const frame = {
        title: page.title,
        pbxName: visible(config.pbxName),
        demo,
        styleHref,
        user: user ? { name: visible(user.username) } : null,
        menu: LOGS.map((log) => ({ title: log.title, href: `/${log.name}`, current: page.section === log.name })),
        notices: user ? await notices(readiness) : [],
        zone,
        zones: ZONE_NAMES,
        returnTo: request.originalUrl,
        csrfToken: page.bare ? '' : csrfToken(request),
      };
      const html = eta.render(template, { ...page.view, frame });
      response.status(page.status ?? 200).type('html').set('Cache-Control', 'no-store').send(html);
    },
  };
}

/** What is down, for everybody to see. */
async function notices(readiness: () => Promise<Readiness>): Promise<string[]> {
  try {
    const { database, spool, ami, jobs } = await readiness();
    return [
      ...(database.ok ? [] : [`The database is in trouble: ${database.message}`]),
      ...(database.warnings ?? []),
      ...(spool.ok ? [] : [`The spool ${spool.message}`]),
      ...(spool.warnings ?? []),
      ...(ami.ok ? [] : [`No connection to the PBX: ${ami.message}`]),
      ...(ami.warnings ?? []),
      ...(jobs.ok ? [] : [`Background jobs are not running: ${jobs.message}`]),
    ];
  } catch (error) {
    return [`The state of the service is not known: ${messageOf(error)}`];
  }
}
