import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Download, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { at, cdr, insertCdrs } from '../web/samples.js';
import { Line } from './line.js';
import { launchBrowser, signIn, violations, visit } from './visitor.js';

const ARTEFACTS = 'test-artifacts/progress';
const CALLS = 30_000;
/** Of each format more than sockets keep on their way, so that nobody has sent a file's end before it is read: nothing packs this. */
const long = (): string => randomBytes(600).toString('base64');

describeWith(['chromium'], 'a long download in a browser', () => {
  let console: TestConsole;
  let browser: Browser;
  let line: Line;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:');
    await insertCdrs(console.database.knex, Array.from({ length: CALLS }, (_, i) => cdr({ callDate: at('2026-05-10T12:00:00Z') + i * 1_000_000, lastdata: long(), userfield: long() })));
    line = await Line.to(Number(new URL(console.url).port));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    line.close();
    await console.stop();
  });
  afterEach(() => context.close());

  async function begin(format: 'csv' | 'xlsx', options: Parameters<Browser['newContext']>[0] = {}): Promise<Download> {
    line.slow = true;
    ({ context, page } = await visit(browser, line.url, 'en', options));
    await signIn(page, 'en', PASSWORD);
    await page.goto(`/export?list=cdrs&format=${format}`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    return download;
  }
  const outcome = (): Promise<string | null> => page.locator('.outcome').textContent();
  const eventually = <T>(look: () => T) => expect.poll(look);

  it.each(['csv', 'xlsx'] as const)('says how far a %s is, and when all of it is there', async (format) => {
    const download = await begin(format);
    if (format === 'csv') {
      await eventually(() => page.locator('.numbers').textContent()).toMatch(/^[1-9]\d?,000 of 30,000 rows$/);
      const part = await page.locator('progress').evaluate((bar) => (bar as unknown as { value: number }).value);
      expect(part).toBeGreaterThan(0);
      expect(part).toBeLessThan(1);
      await page.screenshot({ path: `${ARTEFACTS}/running.png`, fullPage: true });
    }
    line.slow = false;
    await eventually(outcome).toBe('Done. Rows: 30,000');
    expect(await download.failure()).toBeNull();
    if (format === 'csv') expect(readFileSync(await download.path(), 'utf8').split('\r\n')).toHaveLength(CALLS + 2);
    expect(await page.getByRole('button', { name: 'Cancel' }).isVisible()).toBe(false);
    await page.screenshot({ path: `${ARTEFACTS}/done-${format}.png`, fullPage: true });
  });

  it('stops when one cancels, and the browser knows that the file is not whole', async () => {
    const download = await begin('csv');
    await eventually(() => page.locator('.numbers').textContent()).toMatch(/^[1-9]\d?,000 of/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await eventually(outcome).toMatch(/^Cancelled after [1-9]\d?,000 rows\. What the browser has/);
    expect(await download.failure()).not.toBeNull();
  });

  it.each(['csv', 'xlsx'] as const)('says after how many rows a %s broke off, which the browser sees as broken', async (format) => {
    const download = await begin(format);
    // Much of a short workbook is in the line already: it must break while there are rows to read.
    await console.database.knex.schema.renameTable('cdr', 'cdr_away');
    try {
      line.slow = false;
      await eventually(outcome).toMatch(/^Broken off after \d?\d,000 rows: Logbook could not go on\./);
      expect(await download.failure()).not.toBeNull();
      await page.screenshot({ path: `${ARTEFACTS}/broken-${format}.png`, fullPage: true });
    } finally {
      await console.database.knex.schema.renameTable('cdr_away', 'cdr');
    }
  });

  it('says so when Logbook cannot be reached', async () => {
    await begin('csv');
    await eventually(() => page.locator('.numbers').textContent()).toMatch(/^[1-9]\d?,000 of/);
    line.cut();
    await eventually(() => page.locator('.numbers').textContent()).toMatch(/^Logbook cannot be reached since \d\d:\d\d:\d\d; until then \d?\d,000 rows had come\.$/);
    line.mend();
    await eventually(outcome).toMatch(/^Broken off after \d?\d,000 rows: the browser gave up/);
  });

  for (const [colorScheme, width] of [['dark', 1280], ['light', 360]] as const) {
    it(`is seen ${colorScheme} and ${width} wide`, async () => {
      await begin('csv', { colorScheme, viewport: { width, height: 800 } });
      await eventually(() => page.locator('.numbers').textContent()).toMatch(/^[1-9]\d?,000 of/);
      await page.screenshot({ path: `${ARTEFACTS}/running-${colorScheme}-${width}.png` });
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await eventually(outcome).toMatch(/^Cancelled/);
      expect(await violations(page)).toEqual([]);
      await page.screenshot({ path: `${ARTEFACTS}/cancelled-${colorScheme}-${width}.png` });
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
    });
  }
});
