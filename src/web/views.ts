import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Request, Response } from 'express';
import { Eta } from 'eta';
import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import { assetHref } from './asset-files.js';
import type { TimeText } from './cells.js';
import { visible } from './display-text.js';
import { english, italian, LANGUAGE_CODES, LANGUAGE_NAMES, languageOf, type Language } from './language.js';
import { LACKING, LOGS } from './menu.js';
import type { Readiness } from './readiness.js';
import { ZONE_NAMES } from './zone.js';

// Beside this file, in `src` and in `dist/src` alike.
const VIEWS = join(import.meta.dirname, 'views');

export interface Page {
  readonly status?: number;
  /** In the reader's language. */
  readonly title: string;
  /** The path of the main menu that this page stands under. */
  readonly section?: string;
  /** The zone of the page's times, where it is not the reader's own. */
  readonly zone?: string;
  /** Takes part in the layout, without the frame of a signed-in user. */
  readonly bare?: boolean;
  /** Says itself what is down. */
  readonly ownNotices?: boolean;
  /** Files of `assets` that this page needs besides the console's own, in order. */
  readonly styles?: readonly string[];
  readonly scripts?: readonly string[];
  readonly view: Readonly<Record<string, unknown>>;
}

export interface Views {
  /** Begins to ask what every page says, for a page that is made later. */
  begin(): void;
  /** Answers with a page in the console's layout. */
  render(request: Request, response: Response, template: string, page: Page): Promise<void>;
  /** A part of a page alone, in the language of whoever asks. */
  part(response: Response, template: string, view: Readonly<Record<string, unknown>>): string;
}

// Four hundred names on every page, none with a character that HTML reads otherwise, nor in need of an end tag.
const ZONE_OPTIONS = ZONE_NAMES.map((name) => `<option>${name}`).join('');

/** What every page says of the service, asked for each. */
export interface Asked {
  readonly readiness: () => Promise<Readiness>;
  readonly deadLetters: () => Promise<number>;
}

/** Nothing that a page says can be this. */
const PLACE = `<!--${randomUUID()}-->`;
const HEADER = 'const { t, said, count } = this.language; const time = (at) => this.time(at); const asBytes = (html) => this.asBytes(html);';

/** Templates in one language: each finds `t`, `said` and `count` of it, `time` and `asBytes`. */
class TemplatesIn extends Eta {
  /** What stands at the places of the page that is being made. */
  #parts: string[] = [];

  constructor(readonly language: Language) {
    super({ views: VIEWS, cache: true, autoEscape: true, functionHeader: HEADER });
    // All views lie in one folder; eta would work out where each time, and a page includes hundreds.
    const paths = new Map<string, string>();
    this.resolvePath = (template) => {
      const path = paths.get(template) ?? join(VIEWS, `${template}.eta`);
      paths.set(template, path);
      return path;
    };
  }

  /** An instant or a duration; a list has hundreds. */
  time({ iso, title, text, fraction }: TimeText): string {
    const escape = this.config.escapeFunction;
    const digits = fraction === '' ? '' : `<span class="fraction">${escape(fraction)}</span>`;
    return `<time datetime="${escape(iso)}" title="${escape(title)}">${escape(text)}${digits}</time>`;
  }

  /**
   * Stands for a large part of a page, which becomes bytes by itself: one character beyond Latin-1, such as a dash, makes a whole
   * text wide, and that takes four times as long to write as UTF-8.
   */
  asBytes(html: string): string {
    return `${PLACE}${this.#parts.push(html) - 1};`;
  }

  /** A page as UTF-8. */
  page(template: string, view: object): Buffer {
    this.#parts = [];
    const [begin = '', ...rest] = this.render(template, view).split(PLACE);
    const parts = rest.flatMap((text) => {
      const end = text.indexOf(';');
      return [this.#parts[Number(text.slice(0, end))] ?? '', text.slice(end + 1)];
    });
    return Buffer.concat([begin, ...parts].map((part) => Buffer.from(part)));
  }
}

/** Templates in the layout that every page shares. */
export function views(
  config: Pick<Config, 'timeZone' | 'pbxName'>,
  demo: boolean,
  asked: Asked,
  csrfToken: (request: Request) => string,
): Views {
  const templates = { en: new TemplatesIn(english), it: new TemplatesIn(italian) };
  return {
    begin() {
      for (const ask of [asked.readiness, asked.deadLetters]) void ask().catch(() => undefined);
    },
    part: (response, template, view) => templates[languageOf(response).code].render(template, view),
    async render(request, response, template, page) {
      const user = page.bare ? undefined : response.locals.user;
      const zone = page.zone ?? user?.timeZone ?? config.timeZone;
      const language = languageOf(response);
      const { code, t } = language;
      const [lackingLinks, notes] = await Promise.all([user ? lacking(page.section, asked.deadLetters, language) : [], user && page.ownNotices !== true ? notices(asked.readiness, language) : []]);
      const frame = {
        language: code,
        languages: LANGUAGE_CODES.map((own) => ({ code: own, name: LANGUAGE_NAMES[own], current: own === code })),
        title: page.title,
        pbxName: visible(config.pbxName),
        demo,
        styles: ['console.css', ...(page.styles ?? [])].map(assetHref),
        scripts: (page.scripts ?? []).map(assetHref),
        user: user ? { name: visible(user.username) } : null,
        overview: { title: t('Overview'), href: '/overview', current: page.section === 'overview' },
        menu: LOGS.map((log) => ({ title: t(log.title), href: `/${log.name}`, current: page.section === log.name })),
        lacking: lackingLinks,
        notices: notes.map(linked),
        zone,
        returnTo: request.originalUrl,
        csrfToken: page.bare ? '' : csrfToken(request),
      };
      const html = templates[code].page(template, { ...page.view, frame, zoneOptions: ZONE_OPTIONS });
      response.status(page.status ?? 200).type('html').set('Cache-Control', 'no-store').send(html);
    },
  };
}

/** What is down, for everybody to see. */
async function notices(readiness: () => Promise<Readiness>, { t, said }: Language): Promise<string[]> {
  try {
    const { database, spool, ami, jobs } = await readiness();
    return [
      ...(database.ok ? [] : [t('The database is in trouble: {{problem}}', { problem: said(database.message) })]),
      ...(database.warnings ?? []).map(said),
      ...(spool.ok ? [] : [t('The spool {{problem}}', { problem: said(spool.message) })]),
      ...(spool.warnings ?? []).map(said),
      ...(ami.ok ? [] : [t('No connection to the PBX: {{problem}}', { problem: said(ami.message) })]),
      ...(ami.warnings ?? []).map(said),
      ...(jobs.ok ? [] : [t('Background jobs are not running: {{problem}}', { problem: said(jobs.message) })]),
    ];
  } catch (error) {
    return [t('The state of the service is not known: {{problem}}', { problem: said(messageOf(error)) })];
  }
}

/** A notice names pages by their path, as `/readyz` shows it too; here the path leads there. */
function linked(notice: string): { text: string; href: string | null }[] {
  return notice
    .split(/(\/(?:dead-letters|capture-gaps)(?:\?[\w=&-]*)?)/)
    .filter((part) => part !== '')
    .map((part) => ({ text: part, href: part.startsWith('/') ? part : null }));
}

/** The second menu, with how many dead letters there are. */
async function lacking(
  section: string | undefined,
  countLetters: Asked['deadLetters'],
  { t, count }: Language,
): Promise<{ title: string; href: string; current: boolean; count: string }[]> {
  // Without the database the page says so elsewhere.
  const letters = await countLetters().catch(() => 0);
  return LACKING.map((log) => ({
    title: t(log.title),
    href: `/${log.name}`,
    current: section === log.name,
    count: log === deadLetters && letters > 0 ? `${count(letters)}${letters >= LETTERS_COUNTED ? '+' : ''}` : '',
  }));
}
