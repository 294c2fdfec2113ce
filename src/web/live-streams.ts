import type { EventEmitter } from 'node:events';
import type { Request, RequestHandler, Response } from 'express';
import type { Knex } from 'knex';
import { InvalidInputError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';
import type { Micros } from '../time.js';
import { rowsOf } from './cells.js';
import { languageOf } from './language.js';
import { legsView } from './legs-view.js';
import { parseListingRequest, type ListingRequest } from './listing-query.js';
import { LiveFeed, type FeedTiming, type LiveEvent } from './live-feed.js';
import { shownColumns } from './list-tools-view.js';
import { followed, rowKeys } from './live-view.js';
import { sessionsAlive } from './sessions.js';
import type { ConsoleUser, ConsoleUsers } from './users.js';
import type { Views } from './views.js';

export interface LiveTiming extends Partial<FeedTiming> {
  /** How often a stream says that it stands, and its session is looked at. */
  readonly beatMs?: number;
  readonly streamsAUser?: number;
}

export interface LiveParts {
  readonly knex: Knex;
  readonly users: Pick<ConsoleUsers, 'findById'>;
  readonly views: Views;
  readonly zoneOf: (user: ConsoleUser | undefined) => string;
  readonly clock: () => Micros;
  /** Says `rows` when this process has written some; other processes' are found by asking. */
  readonly news: Pick<EventEmitter, 'on'> | undefined;
  /** Ends all streams. */
  readonly stopping: AbortSignal | undefined;
  readonly timing: LiveTiming | undefined;
}

export interface LiveStreams {
  /** Where a log ends now. */
  place(log: LogDefinition): Promise<string>;
  /** The list as server-sent events. Whoever is not signed in is told so in the stream: a browser does not see what else it was answered. */
  stream(log: LogDefinition): RequestHandler;
}

const BEAT_MS = 10_000;
const STREAMS_A_USER = 8;
const STREAMS = 200;
/** A reader that takes no more than this is cut off; it comes back where it was. */
const MOST_UNSENT = 1_000_000;

interface Stream {
  readonly user: ConsoleUser;
  readonly sessionId: string;
  beat(): void;
  /** `again`: the browser is to come back by itself. */
  end(reason: 'signed-out' | 'too-many' | 'again'): void;
}

export function liveStreams(parts: LiveParts): LiveStreams {
  const { knex, users, timing = {} } = parts;
  const feeds = new Map<LogDefinition, LiveFeed>();
  const streams = new Set<Stream>();
  let beating: NodeJS.Timeout | null = null;

  const feedOf = (log: LogDefinition): LiveFeed => {
    const feed = feeds.get(log) ?? new LiveFeed(knex, log, timing);
    feeds.set(log, feed);
    return feed;
  };
  parts.news?.on('rows', () => {
    for (const feed of feeds.values()) feed.nudge();
  });
  parts.stopping?.addEventListener('abort', () => {
    for (const stream of [...streams]) stream.end('again');
  });

  /** Ends the streams of those who are no longer signed in; one look for all. */
  async function beat(): Promise<void> {
    for (const stream of streams) stream.beat();
    const alive = await sessionsAlive(knex, [...streams].map(({ sessionId }) => sessionId));
    const now = new Map<number, ConsoleUser | null>();
    for (const { user } of streams) if (!now.has(user.id)) now.set(user.id, await users.findById(user.id));
    for (const stream of [...streams]) {
      if (!alive.has(stream.sessionId) || now.get(stream.user.id)?.passwordChangedAt !== stream.user.passwordChangedAt) stream.end('signed-out');
    }
  }

  function keep(stream: Stream): void {
    streams.add(stream);
    // Without the database nobody can say who is still signed in, and there is nothing to show either.
    beating ??= setInterval(() => void beat().catch(() => undefined), timing.beatMs ?? BEAT_MS).unref();
  }

  function leave(stream: Stream): void {
    streams.delete(stream);
    if (streams.size > 0 || beating === null) return;
    clearInterval(beating);
    beating = null;
  }

  const refusal = (user: ConsoleUser | undefined): 'signed-out' | 'too-many' | null => {
    if (!user) return 'signed-out';
    const own = [...streams].filter((stream) => stream.user.id === user.id).length;
    return own >= (timing.streamsAUser ?? STREAMS_A_USER) || streams.size >= STREAMS ? 'too-many' : null;
  };

  return {
    place: (log) => feedOf(log).place(),
    stream: (log) => (request, response) => {
      const { user } = response.locals;
      const read = (): ListingRequest => asked(log, request, parts.zoneOf(user), parts.clock()).listing;
      const { place } = asked(log, request, parts.zoneOf(user), parts.clock());
      let listing = read();
      const send = opened(response);
      const refused = refusal(user);
      if (!user || refused !== null) {
        send('end', refused ?? 'signed-out', null);
        response.end();
        return;
      }
      const feed = feedOf(log);
      let knowsAll = false;
      const stream: Stream = {
        user,
        sessionId: request.sessionID,
        // With the place, so that rows of no interest here are not read again for whoever comes back.
        beat() {
          send('beat', '', knowsAll ? feed.current : null);
          const now = read();
          // A range such as today has moved on, and with it what the page shows.
          if (now.query.from === listing.query.from && now.query.to === listing.query.to) return;
          listing = now;
          send('changed', '', null);
        },
        end(reason) {
          send('end', reason, null);
          response.end();
        },
      };
      const tell = (event: LiveEvent, at: string): void => {
        knowsAll ||= event.kind === 'well' && at !== '';
        send(event.kind, dataOf(parts.views, response, listing, event), at);
      };
      const unfollow = feed.follow({ query: () => listing.query, wants: followed(listing) ?? 'changes', tell }, place);
      response.once('close', () => {
        unfollow();
        leave(stream);
      });
      keep(stream);
      if (parts.stopping?.aborted === true) stream.end('again');
    },
  };
}

/** The list's own parameters, and from where on: what the browser says when it comes back counts before what the page said. */
function asked(log: LogDefinition, request: Request, ownZone: string, now: Micros): { readonly place: string; readonly listing: ListingRequest } {
  const { place, ...parameters } = request.query;
  if (place !== undefined && typeof place !== 'string') throw new InvalidInputError('place', 'must be a single value');
  return { place: request.get('Last-Event-ID') || (place ?? ''), listing: parseListingRequest(log, parameters, ownZone, now) };
}

function dataOf(views: Views, response: Response, listing: ListingRequest, event: LiveEvent): string {
  switch (event.kind) {
    case 'rows': {
      const { records, calls, again } = event.fresh;
      const language = languageOf(response);
      const rows = rowsOf(listing.log, records, listing.zone, language, shownColumns(listing));
      const beneath = calls.map((call) => legsView(call, listing.zone, language));
      return JSON.stringify({ count: event.count, again, html: views.part(response, 'rows', { rows, keys: rowKeys(listing, records), beneath }) });
    }
    case 'gone':
      return JSON.stringify({ ids: event.ids });
    case 'behind':
      return JSON.stringify({ count: event.count });
    default:
      return '';
  }
}

type Send = (event: string, data: string, id: string | null) => void;

function opened(response: Response): Send {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    // A proxy that gathers or compresses would hold back what is new.
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.write('retry: 2000\n\n');
  return (event, data, id) => {
    if (response.writableEnded || response.destroyed) return;
    // Before the next one, so that an event of any size is sent whole to whoever takes it.
    if (response.writableLength > MOST_UNSENT) response.destroy();
    else response.write(`event: ${event}\n${id === null || id === '' ? '' : `id: ${id}\n`}data: ${data}\n\n`);
  };
}
