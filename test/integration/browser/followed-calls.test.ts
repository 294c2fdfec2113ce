import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import type { Output } from '../../../src/logs/output.js';
import { sessionRow } from '../../../src/logs/sip-session/rows.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { at, cdr, insertCdrs } from '../web/samples.js';
import { Line } from './line.js';
import { launchBrowser, overflow, signIn, violations, visit } from './visitor.js';

const ARTEFACTS = 'test-artifacts/followed-calls';
const BEGIN = at('2026-05-10T12:00:00Z');
const SECOND = 1_000_000;
const TIMING = { pollMs: 100, soonestMs: 20, changesMs: 200, beatMs: 300, patienceMs: 30_000, placeMs: 0 };

describeWith(['chromium'], 'whole calls that are followed and paged through', () => {
  let console: TestConsole;
  let browser: Browser;
  let line: Line;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { live: TIMING });
    line = await Line.to(Number(new URL(console.url).port));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    line.close();
    await console.stop();
  });
  beforeEach(async () => {
    for (const table of ['cdr', 'sip_session', 'session_doubt', 'session_taken_back']) await console.database.knex(table).delete();
    await come();
  });
  afterEach(() => context.close());

  async function come(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
    ({ context, page, complaints } = await visit(browser, line.url, 'en', { viewport: { width: 1280, height: 720 }, ...options }));
    await signIn(page, 'en', PASSWORD);
  }

  /** A leg of the call that begins after so many seconds, `late` seconds later. */
  const leg = (call: number, late = 0, changes: Partial<Cdr> = {}): Omit<Cdr, 'id'> =>
    cdr({ callDate: BEGIN + (call + late) * SECOND, endDate: BEGIN + (call + late + 30) * SECOND, answerDate: BEGIN + (call + late + 5) * SECOND, duration: 30, billsec: 25, src: String(1_000 + call), uniqueid: `c${call}.${late}`, linkedid: `c${call}`, ...changes });
  const rang = { disposition: 'NO_ANSWER', answerDate: null, billsec: 0, dst: '621', lastapp: 'Queue', dstchannel: 'PJSIP/908-00000014' } as const;
  const add = (...legs: Omit<Cdr, 'id'>[]): Promise<void> => insertCdrs(console.database.knex, legs);
  const addCalls = (from: number, to: number): Promise<void> => add(...Array.from({ length: to - from }, (_, i) => leg(from + i)));
  const follow = async (path: string): Promise<void> => {
    await page.goto(path);
    await page.locator('.live .state.on').waitFor();
  };
  const shown = (): Promise<string[]> => page.locator('#rows > .scroll > table > tbody > tr[data-id] > td.src').allTextContents();
  const numbers = (from: number, to: number): string[] => Array.from({ length: from - to }, (_, i) => String(1_000 + from - 1 - i));
  const news = (): Locator => page.locator('.news button');
  const rowOf = (src: string): Locator => page.locator('#rows tr[data-id]', { has: page.locator('td.src', { hasText: new RegExp(`^${src}$`) }) });

  it('show a call anew where it stands when a leg joins it, and move it where it turns out to have begun earlier', async () => {
    await add(leg(0), leg(10, 0, rang), leg(20));
    await follow('/calls');
    expect(await page.locator('tr.beneath').count()).toBe(0);
    await add(leg(10, 4));
    await eventually(() => page.locator('tr.beneath summary').allTextContents()).toHaveLength(1);
    expect(await shown()).toEqual(['1020', '1010', '1000']);
    expect(await rowOf('1010').locator('td.disposition').textContent()).toBe('ANSWERED');
    // What folds out stands beneath its own call.
    expect(await page.locator('tr.beneath').evaluate((row) => (row as unknown as { previousElementSibling: { textContent: string } }).previousElementSibling.textContent)).toContain('1010');
    await add(leg(10, -15, { ...rang, uniqueid: 'c10.before' }));
    await eventually(shown).toEqual(['1020', '1000', '1010']);
    expect(await page.locator('tr.beneath').count()).toBe(1);
    await add(leg(30), leg(30, 1, { uniqueid: 'c30.1' }));
    await eventually(shown).toEqual(['1030', '1020', '1000', '1010']);
    expect(await page.locator('tr.beneath').count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  it('let go what fits no longer, and strike it out for whoever reads', async () => {
    await add(leg(0, 0, rang), leg(10, 0, rang), leg(20, 0, rang));
    await follow('/calls?disposition=NO_ANSWER');
    await add(leg(10, 4));
    await eventually(shown).toEqual(['1020', '1000']);
    await page.getByRole('button', { name: 'Pause' }).click();
    await add(leg(0, 4));
    await eventually(() => rowOf('1000').getAttribute('title')).toBe('no longer in this list');
    await page.screenshot({ path: `${ARTEFACTS}/struck.png` });
    expect(await shown()).toEqual(['1020', '1000']);
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Pause' }).click();
    await eventually(shown).toEqual(['1020']);
    expect(complaints).toEqual([]);
  });

  it('leave a reader further down, or in the legs of a call, in place', async () => {
    await addCalls(0, 60);
    await add(leg(59, 2));
    await follow('/calls');
    await page.evaluate('scrollTo(0, 600)');
    const row = rowOf('1030');
    const before = await row.boundingBox();
    await addCalls(60, 63);
    await add(leg(30, 3), leg(2, 3));
    // A leg of a call further down is no news there, and that of one on the page no new row.
    await eventually(() => news().textContent()).toBe('3 new rows');
    expect(await row.boundingBox()).toEqual(before);
    expect(await page.locator('.live .late').textContent()).toBe('');
    await news().click();
    await eventually(shown).toEqual(numbers(63, 13));
    await eventually(() => page.locator('tr.beneath').count()).toBe(2);
    await page.locator('tr.beneath summary').first().click();
    await add(leg(59, 6));
    await page.waitForTimeout(600);
    expect(await page.locator('details.legs[open] tbody tr').count()).toBe(2);
    await page.locator('tr.beneath summary').first().click();
    await page.locator('.live button').focus();
    await eventually(() => page.locator('tr.beneath summary .count').first().textContent()).toBe('3 legs');
    expect(complaints).toEqual([]);
  });

  it('go on without a hole after the line was cut, and keep to the length of the page', async () => {
    await addCalls(0, 12);
    await follow('/calls?limit=10');
    line.cut();
    await eventually(() => page.locator('.live .state').textContent()).toMatch(/^Cut off since \d\d:\d\d:\d\d, trying again$/);
    await addCalls(12, 15);
    await add(leg(11, 2));
    line.mend();
    await eventually(shown).toEqual(numbers(15, 5));
    await eventually(() => page.locator('tr.beneath').count()).toBe(1);
    await page.getByRole('link', { name: 'Older' }).click();
    await eventually(shown).toEqual(numbers(5, 0));
    expect(complaints.filter((text) => !/net::ERR_|Failed to load/.test(text))).toEqual([]);
  });

  it('are paged through both ways, in either order, by as many as one likes, and counted', async () => {
    await addCalls(0, 130);
    await page.goto('/calls');
    const size = (): Promise<string | null> => page.locator('.tools .size').textContent();
    await eventually(size).toBe('130 calls');
    await page.getByRole('link', { name: 'Older' }).click();
    await eventually(shown).toEqual(numbers(80, 30));
    await eventually(size).toBe('130 calls');
    await page.getByRole('link', { name: 'Older' }).click();
    await eventually(shown).toEqual(numbers(30, 0));
    await page.getByRole('link', { name: 'Newer' }).click();
    await eventually(shown).toEqual(numbers(80, 30));
    await page.getByRole('link', { name: 'First page' }).click();
    await eventually(shown).toEqual(numbers(130, 80));
    const head = page.locator('th.begin');
    await eventually(() => head.getAttribute('aria-sort')).toBe('descending');
    await head.getByRole('link').click();
    await eventually(() => head.getAttribute('aria-sort')).toBe('ascending');
    await eventually(async () => (await shown())[0]).toBe('1000');
    await page.locator('.sizes').getByRole('link', { name: '100', exact: true }).click();
    await eventually(shown).toEqual(numbers(100, 0).reverse());
    await page.getByRole('link', { name: 'Next page' }).click();
    await eventually(shown).toEqual(numbers(130, 100).reverse());
    expect(new URL(page.url()).searchParams.get('limit')).toBe('100');
    await page.goto('/calls?search=1005');
    expect([await shown(), await size()]).toEqual([['1005'], '1 call']);
    expect(complaints).toEqual([]);
  });

  const session = (second: number, details: string): Extract<Output, { kind: 'sip-session' }> => ({
    kind: 'sip-session',
    row: sessionRow('lab', { at: BEGIN + second * SECOND, event: 'UNREGISTER', source: details === 'INFERRED' ? 'SERVER' : 'CLIENT', details, peername: '909', binding: 'bound', distinction: '' }),
  });

  it('lose a session row that was inferred, when somebody tells what happened', async () => {
    const write = (listener: string, output: Output): Promise<number> => writeBatch(console.database, [output], listener);
    const inferred = (second: number): Output => ({ ...session(second, 'INFERRED'), doubt: { kind: 'inferred', since: BEGIN, heard: [] } });
    const details = (): Promise<string[]> => page.locator('td.details').allTextContents();
    await write('lagging', inferred(100));
    await follow('/sip-sessions');
    expect(await details()).toEqual(['INFERRED']);
    await page.getByRole('button', { name: 'Pause' }).click();
    await write('quick', session(50, '200 OK'));
    await page.locator('tr.gone').waitFor();
    expect(await details()).toEqual(['INFERRED']);
    await eventually(() => news().textContent()).toBe('1 new row');
    await page.getByRole('button', { name: 'Pause' }).click();
    await eventually(details).toEqual(['200 OK']);
    expect(complaints).toEqual([]);
  });

  for (const [colorScheme, width] of [['light', 1280], ['dark', 1280], ['light', 360], ['light', 1920]] as const) {
    it(`are seen ${colorScheme} and ${width} wide`, async () => {
      await context.close();
      await addCalls(0, 60);
      await add(leg(59, 0.5, { ...rang, uniqueid: 'c59.5' }), leg(57, 2, { ...rang, uniqueid: 'c57.2' }));
      await come({ colorScheme, viewport: { width, height: 900 } });
      await follow('/calls');
      await addCalls(60, 62);
      await page.locator('tr.new').first().waitFor();
      const look = async (name: string, fullPage = false): Promise<void> => {
        await page.screenshot({ path: `${ARTEFACTS}/${name}-${colorScheme}-${width}.png`, fullPage });
        expect(await overflow(page)).toBe(0);
      };
      await look('live');
      await page.locator('.pages').scrollIntoViewIfNeeded();
      await look('end');
      expect(await violations(page)).toEqual([]);
    });
  }
});

const eventually = <T>(look: () => T) => expect.poll(look);
