import { mkdirSync, readFileSync } from 'node:fs';
import { readXlsx } from 'hucre/xlsx';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { insertDay } from './day.js';
import { launchBrowser, violations } from './visitor.js';

const ARTEFACTS = 'test-artifacts/export';

describeWith(['chromium'], 'exporting in a browser', () => {
  let console: TestConsole;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { demo: true });
    await insertDay(console.database.knex);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
  });

  async function visit(options: Parameters<Browser['newContext']>[0]): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ baseURL: console.url, acceptDownloads: true, locale: 'en-GB', ...options });
    const page = await context.newPage();
    await page.goto('/');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/sip-sessions');
    return { context, page };
  }

  async function file(page: Page): Promise<{ name: string; bytes: Buffer }> {
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const download = await waiting;
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  for (const javaScriptEnabled of [true, false]) {
    it(`goes from a filtered list to a file and back with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const { context, page } = await visit({ javaScriptEnabled });
      await page.goto('/cdrs?disposition=BUSY');
      const listed = await page.locator('td.disposition').count();
      const link = page.getByRole('link', { name: 'Export…' });
      const dialog = page.getByRole('dialog', { name: 'Export Call Detailed Record' });
      await link.click();
      await (javaScriptEnabled ? dialog.waitFor() : page.waitForURL('**/export?**'));
      expect(await page.locator('.selection').textContent()).toBe(`${listed} rows · Disposition BUSY`);

      await page.getByRole('link', { name: 'Start from the defaults' }).click();
      await page.getByLabel('CSV Text that').check();
      await page.getByLabel('Between columns').selectOption('semicolon');
      await page.getByLabel('Times as').selectOption('local');
      for (const name of Object.keys(cdrs.columns)) {
        if (!['callDate', 'src', 'dst'].includes(name)) await page.locator(`.export input[value=${name}]`).uncheck();
      }
      await page.getByLabel('Place of Src').fill('1');
      const csv = await file(page);
      expect(csv.name).toMatch(/^cdrs-.*\.csv$/);
      const lines = csv.bytes.toString().trimEnd().split('\r\n');
      expect(lines[0]).toBe('\ufeffSrc;Call Date (Europe/Rome);Dst');
      expect(lines).toHaveLength(listed + 1);
      if (javaScriptEnabled) {
        // Over the list, which stays where it is.
        await expect.poll(() => dialog.locator('.outcome').textContent()).toBe(`Done. Rows: ${listed}`);
        expect(new URL(page.url()).pathname).toBe('/cdrs');
        await dialog.getByRole('link', { name: 'Each whole call a row' }).click();
        await expect.poll(() => dialog.locator('.selection strong').first().textContent()).toBe(`${listed} calls`);
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'hidden' });
        expect(await page.locator(':focus').textContent()).toBe('Export…');
        await page.keyboard.press('Enter');
        await dialog.waitFor();
        await dialog.getByRole('button', { name: 'Back to the list' }).click();
        await dialog.waitFor({ state: 'hidden' });
      }

      await page.goto('/export?list=cdrs&disposition=BUSY');
      expect(await page.getByLabel('Between columns').inputValue()).toBe('semicolon');
      await page.getByLabel('Excel workbook').check();
      const { name, bytes } = await file(page);
      expect(name).toMatch(/^cdrs-.*\.xlsx$/);
      expect((await readXlsx(bytes)).sheets[0]?.rows).toHaveLength(listed + 1);

      await page.getByRole('link', { name: 'Each whole call a row' }).click();
      expect(await page.locator('.selection strong').textContent()).toBe(`${listed} calls`);
      await page.getByRole('link', { name: 'Back to the list' }).click();
      await page.waitForURL('**/cdrs?disposition=BUSY');
      await context.close();
    });
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280, 1920]) {
      it(`fits ${width} pixels, ${colorScheme}`, async () => {
        const { context, page } = await visit({ colorScheme, viewport: { width, height: 900 } });
        for (const [name, path] of [['legs', '/export?list=cdrs&from=2026-05-10&src=904&format=csv'], ['calls', '/export?list=cdrs&calls=folded&format=xlsx'], ['sip-sessions', '/export?list=sip-sessions']] as const) {
          await page.goto(path);
          await page.screenshot({ path: `${ARTEFACTS}/${name}-${colorScheme}-${width}.png`, fullPage: true });
          expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), name).toBe(0);
        }
        await page.goto('/cdrs');
        await page.getByRole('link', { name: 'Export…' }).click();
        await page.getByRole('dialog').waitFor();
        await page.screenshot({ path: `${ARTEFACTS}/dialog-${colorScheme}-${width}.png` });
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate<number>("(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('dialog'))")).toBe(0);
        await context.close();
      });
    }
  }

  it('shows the page that an answer is when it is none of an export', async () => {
    const { context, page } = await visit({});
    await page.goto('/cdrs');
    await context.clearCookies();
    await page.getByRole('link', { name: 'Export…' }).click();
    await page.waitForURL('**/sign-in?**');
    await context.close();
  });
});
