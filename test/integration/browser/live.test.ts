import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { at, cdr, gap, insertAccount, insertCdrs, insertGaps, insertSipSessions, sipSession } from '../web/samples.js';
import { Line } from './line.js';
import { launchBrowser, signIn, violations, visit } from './visitor.js';

const ARTEFACTS = 'test-artifacts/live';
const BEGIN = at('2026-05-10T12:00:00Z');
const SECOND = 1_000_000;
const TIMING = { pollMs: 100, soonestMs: 20, changesMs: 200, beatMs: 300, patienceMs: 30_000, streamsAUser: 4 };

describeWith(['chromium'], 'a list that is followed', () => {
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
    for (const table of ['cdr', 'sip_session', 'capture_gap', 'registered_account']) await console.database.knex(table).delete();
    await come();
  });
  afterEach(() => context.close());

  async function come(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
    ({ context, page, complaints } = await visit(browser, line.url, 'en', { viewport: { width: 1280, height: 720 }, ...options }));
    await signIn(page, 'en', PASSWORD);
  }

  /** But what a line that is cut makes the browser say. */
  const said = (): string[] => complaints.filter((text) => !/net::ERR_|Failed to load resource/.test(text));
  const call = (n: number, changes: Partial<Cdr> = {}): Omit<Cdr, 'id'> => cdr({ callDate: BEGIN + n * SECOND, src: String(1_000 + n), ...changes });
  const addCalls = (from: number, to: number): Promise<void> => insertCdrs(console.database.knex, Array.from({ length: to - from }, (_, i) => call(from + i)));
  const follow = async (path: string): Promise<void> => {
    await page.goto(path);
    await page.locator('.live .state.on').waitFor();
  };
  const shown = (): Promise<string[]> => page.locator('td.src').allTextContents();
  const texts = (from: number, to: number): string[] => Array.from({ length: from - to }, (_, i) => String(1_000 + from - 1 - i));
  const news = (): ReturnType<Page['locator']> => page.locator('.news button');

  it('shows new rows at the top, late ones where they belong, and stays as long as its page', async () => {
    await addCalls(0, 10);
    await follow('/cdrs?limit=10');
    await addCalls(10, 13);
    await eventually(shown).toEqual(texts(13, 3));
    // The next page goes on where this one ends now.
    await eventually(() => page.locator('.pages a[rel]').count()).toBe(1);
    await page.locator('.pages a[rel=next]').click();
    await eventually(shown).toEqual(texts(3, 0));
    await follow('/cdrs?limit=10');
    await insertCdrs(console.database.knex, [call(5.5, { src: 'late' }), call(-5, { src: 'older' })]);
    await eventually(shown).toEqual([...texts(13, 6), 'late', ...texts(6, 4)]);
    await eventually(() => page.locator('.live .late').textContent()).toBe('1 row came that belongs further down');
    expect(said()).toEqual([]);
  });

  it('begins a list that was empty', async () => {
    await follow('/cdrs');
    await addCalls(0, 1);
    await eventually(shown).toEqual(['1000']);
    expect(await page.locator('.nothing').count()).toBe(0);
    await addCalls(1, 2);
    await eventually(shown).toEqual(['1001', '1000']);
  });

  it('leaves a reader further down in place, and says how many wait', async () => {
    await addCalls(0, 60);
    await follow('/cdrs');
    await page.evaluate('scrollTo(0, 600)');
    const row = page.locator('tr', { has: page.getByText('1030', { exact: true }) });
    const before = await row.boundingBox();
    await addCalls(60, 72);
    await eventually(() => news().textContent()).toBe('12 new rows');
    expect(await row.boundingBox()).toEqual(before);
    expect((await shown())[0]).toBe('1059');
    await page.screenshot({ path: `${ARTEFACTS}/waiting.png` });
    expect(await violations(page)).toEqual([]);
    await news().click();
    await eventually(shown).toEqual(texts(72, 22));
    await eventually(() => news().isVisible()).toBe(false);
    await addCalls(72, 73);
    await eventually(async () => (await shown())[0]).toBe('1072');
    expect(said()).toEqual([]);
  });

  it('leaves a reader at work in the table alone', async () => {
    await addCalls(0, 5);
    await insertSipSessions(console.database.knex, [sipSession()]);
    await follow('/sip-sessions');
    await page.locator('td.peername a').first().focus();
    await insertSipSessions(console.database.knex, [sipSession({ peername: '904' })]);
    await eventually(() => news().textContent()).toBe('1 new row');
    expect(await page.locator('td.peername').allTextContents()).toEqual(['909']);
    await page.locator('.live button').focus();
    await eventually(() => page.locator('td.peername').allTextContents()).toEqual(['904', '909']);
    await page.evaluate('getSelection().selectAllChildren(document.querySelector("td.details"))');
    await insertSipSessions(console.database.knex, [sipSession({ peername: '905' })]);
    await eventually(() => news().textContent()).toBe('1 new row');
    await page.evaluate('getSelection().removeAllRanges()');
    await eventually(() => page.locator('td.peername').first().textContent()).toBe('905');
  });

  it('pauses, counts, and goes on', async () => {
    await addCalls(0, 5);
    await follow('/cdrs?limit=10');
    const pause = page.getByRole('button', { name: 'Pause' });
    expect(await pause.getAttribute('aria-pressed')).toBe('false');
    await pause.click();
    expect(await pause.getAttribute('aria-pressed')).toBe('true');
    await addCalls(5, 25);
    await eventually(() => news().textContent()).toBe('20 new rows');
    expect(await shown()).toEqual(texts(5, 0));
    expect(await page.locator('.live .state').textContent()).toBe('Paused');
    await page.screenshot({ path: `${ARTEFACTS}/paused.png` });
    expect(await violations(page)).toEqual([]);
    await pause.click();
    await eventually(shown).toEqual(texts(25, 15));
    await eventually(() => page.locator('.pages a[rel=next]').count()).toBe(1);
  });

  it('says that it is cut off and since when, and goes on without a hole', async () => {
    await addCalls(0, 5);
    await follow('/cdrs');
    line.cut();
    await eventually(() => page.locator('.live .state').textContent()).toMatch(/^Cut off since \d\d:\d\d:\d\d, trying again$/);
    await page.screenshot({ path: `${ARTEFACTS}/cut.png` });
    expect(await violations(page)).toEqual([]);
    await addCalls(5, 8);
    line.mend();
    await eventually(shown).toEqual(texts(8, 0));
    await eventually(() => page.locator('.live .state').textContent()).toBe('Live');
    expect(said()).toEqual([]);
  });

  it('says that one is signed out, and how to come back', async () => {
    await addCalls(0, 1);
    await follow('/cdrs');
    await context.request.get('/');
    await console.database.knex('console_session').delete();
    await eventually(() => page.locator('.live .state').textContent()).toBe('Signed outSign in again');
    await addCalls(1, 2);
    await page.waitForTimeout(400);
    expect(await shown()).toEqual(['1000']);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.waitForURL('**/sign-in?next=%2Fcdrs');
  });

  it('shows what became of rows, gaps where they lie, and accounts as they change', async () => {
    const { knex } = console.database;
    await insertSipSessions(knex, [
      sipSession({ timestamp: BEGIN, event: 'CONNECT', peername: null, account: null, binding: 'pending', reconciled: false }),
      sipSession({ timestamp: BEGIN + 120 * SECOND }),
    ]);
    await follow('/sip-sessions');
    await knex('sip_session').where({ binding: 'pending' }).update({ binding: 'bound', peername: '777', reconciled: 1 });
    await eventually(() => page.locator('td.peername').allTextContents()).toEqual(['909', '777']);
    await insertGaps(knex, [gap({ from: BEGIN + 30 * SECOND, to: BEGIN + 60 * SECOND })]);
    await eventually(() => page.locator('tbody tr').nth(1).getAttribute('class')).toBe('gap');
    // A new row between the gap and the row above it.
    await insertSipSessions(knex, [sipSession({ timestamp: BEGIN + 90 * SECOND, peername: '778' })]);
    await eventually(() => page.locator('tbody tr').nth(1).locator('td.peername').textContent()).toBe('778');

    const id = await insertAccount(knex);
    await follow('/registered-accounts');
    await knex('registered_account').where({ id }).update({ ip_address: '198.51.100.7', updated_at: at('2026-05-10T18:00:00Z') });
    await eventually(() => page.locator('td.ipAddress').textContent()).toContain('198.51.100.7');
    await insertAccount(knex, { username: '100' });
    await eventually(() => page.locator('td.username').allTextContents()).toEqual(['100', '909']);
    expect(said()).toEqual([]);
  });

  for (const [colorScheme, width] of [['light', 1280], ['dark', 1280], ['light', 360], ['dark', 360], ['light', 1920]] as const) {
    it(`is seen ${colorScheme} and ${width} wide`, async () => {
      await context.close();
      await addCalls(0, 60);
      await come({ colorScheme, viewport: { width, height: width < 500 ? 760 : 900 } });
      await follow('/cdrs');
      await addCalls(60, 62);
      await page.locator('tr.new').first().waitFor();
      const look = async (name: string): Promise<void> => {
        await page.screenshot({ path: `${ARTEFACTS}/${name}-${colorScheme}-${width}.png` });
        expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
      };
      await look('live');
      await page.getByRole('button', { name: 'Pause' }).click();
      await addCalls(62, 74);
      await news().waitFor();
      await look('paused');
      await page.evaluate('scrollTo(0, 700)');
      await look('scrolled');
    });
  }
});

const eventually = <T>(look: () => T) => expect.poll(look);
