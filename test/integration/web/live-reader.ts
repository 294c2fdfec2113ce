import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Visitor } from './console.js';

export interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Reads a stream of server-sent events, as a browser would. */
export class LiveReader {
  readonly told: Told[] = [];
  ended = false;
  private text = '';
  private waiting: (() => void)[] = [];

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.read(text));
    response.on('close', () => {
      this.ended = true;
      this.wake();
    });
    response.on('error', () => undefined);
  }

  static async open(url: string, headers: Record<string, string>): Promise<LiveReader> {
    const request = httpRequest(url, { headers, agent: false }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new LiveReader(response);
  }

  /** Waits until `done`, and fails when that takes too long. */
  async until(done: (reader: LiveReader) => boolean, patienceMs = 30_000): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!done(this)) {
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not told in time, but ${JSON.stringify(this.told)}`);
      await new Promise<void>((resolve) => {
        setTimeout(resolve, left);
        this.waiting.push(resolve);
      });
    }
  }

  of(event: string): Told[] {
    return this.told.filter((each) => each.event === event);
  }

  /** The ids of all rows, in the order in which they came. */
  get ids(): number[] {
    return this.of('rows').flatMap(({ data }) => [...(JSON.parse(data) as { html: string }).html.matchAll(/data-id="(\d+)"/g)].map(([, id]) => Number(id)));
  }

  get count(): number {
    return this.of('rows').reduce((sum, { data }) => sum + (JSON.parse(data) as { count: number }).count, 0);
  }

  /** Where to go on, as a browser remembers it. */
  get place(): string {
    return this.told.findLast(({ id }) => id !== '')?.id ?? '';
  }

  close(): void {
    this.response.destroy();
  }

  private read(text: string): void {
    this.text += text;
    for (let end = this.text.indexOf('\n\n'); end !== -1; end = this.text.indexOf('\n\n')) {
      const lines = this.text.slice(0, end).split('\n');
      this.text = this.text.slice(end + 2);
      const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const event = field('event');
      if (event !== undefined) this.told.push({ event, id: field('id') ?? '', data: field('data') ?? '' });
    }
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

export interface Followable {
  readonly html: string;
  readonly href: string;
  readonly place: string;
}

/** What the script of a page would follow: the address and the place that the page says. */
export async function followable(visitor: Visitor, path: string): Promise<Followable> {
  const html = await (await visitor.get(path)).text();
  const [, href = '', place = ''] = /data-href="([^"]*)" data-place="([^"]*)"/.exec(html) ?? [];
  return { html, href: href.replaceAll('&amp;', '&'), place };
}

export const follow = (visitor: Visitor, { href, place }: Pick<Followable, 'href' | 'place'>, headers: Record<string, string> = {}): Promise<LiveReader> =>
  LiveReader.open(`${visitor.url}${href}${href.includes('?') ? '&' : '?'}place=${encodeURIComponent(place)}`, { cookie: visitor.sessionCookie, ...headers });
