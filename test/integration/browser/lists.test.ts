import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { at } from '../web/samples.js';
import { insertDay } from './day.js';
import { launchBrowser, violations } from './visitor.js';

const ARTEFACTS = 'test-artifacts/lists';
const WIDTHS = [360, 1280, 1920];

describeWith(['chromium'], 'lists in a browser', () => {
  let console: TestConsole;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { clock: () => at('2026-05-10T21:50:00Z') });
    await insertDay(console.database.knex);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
  });

  async function visit(options: Parameters<Browser['newContext']>[0] = {}, [name, password, enter]: readonly [string, string, string] = ['Name', 'Password', 'Sign in']): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
    const context = await browser.newContext({ baseURL: console.url, locale: 'en-GB', ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto('/');
    await page.getByLabel(name).fill('admin');
    await page.getByLabel(password).fill(PASSWORD);
    await page.getByRole('button', { name: enter }).click();
    await page.waitForURL('**/sip-sessions');
    return { context, page, complaints };
  }

  const address = (page: Page): string => decodeURIComponent(page.url().slice(console.url.length));
  const heads = (page: Page): Promise<string[]> => page.evaluate<string[]>('[...document.querySelectorAll("thead th")].map((cell) => cell.firstChild.textContent.trim())');
  const chips = (page: Page): Promise<string[]> => page.locator('.chip > span').allTextContents();

  for (const javaScriptEnabled of [true, false]) {
    it(`are narrowed down, arranged, kept and paged with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const { context, page, complaints } = await visit({ javaScriptEnabled });
      await page.goto('/cdrs');

      // A name finds the calls of that person's number, and the address says no more than what was asked.
      await page.getByRole('searchbox', { name: 'Search' }).fill('sara');
      await page.getByRole('button', { name: 'Search' }).click();
      await expect.poll(() => address(page)).toBe('/cdrs?search=sara');
      const numbers = await page.evaluate<string[][]>('[...document.querySelectorAll("tbody tr:not(.gap)")].map((row) => [".src", ".dst"].map((cell) => row.querySelector(cell).textContent))');
      expect(numbers.length).toBeGreaterThan(5);
      expect(numbers.every((pair) => pair.includes('909'))).toBe(true);

      await page.getByRole('link', { name: 'Today' }).click();
      await expect.poll(() => address(page)).toBe('/cdrs?range=today&search=sara');
      // A form that is sent again keeps the range as long as no times are filled in.
      await page.getByRole('search').getByLabel('Disposition').selectOption('NO_ANSWER');
      await page.getByRole('button', { name: 'Filter' }).click();
      await expect.poll(() => address(page)).toBe('/cdrs?range=today&search=sara&disposition=NO_ANSWER');
      await expect.poll(() => chips(page)).toEqual(['Search sara', 'Call Date Today, 2026-05-10', 'Disposition NO_ANSWER']);
      expect(await page.locator('tbody tr:not(.gap)').count()).toBeGreaterThan(2);
      const size = await page.locator('.size').textContent();
      expect(size).toBe(`${await page.locator('tbody tr:not(.gap)').count()} rows`);

      // Columns: one less, one more, one moved; remembered, and in the address.
      await page.locator('.panel.end summary').click();
      await page.locator('#column-choice').getByLabel('Duration').uncheck();
      await page.locator('#column-choice').getByLabel('Billsec').check();
      await page.locator('#column-choice').getByRole('button', { name: 'Show these' }).click();
      await expect.poll(() => heads(page)).toEqual(['Call Date', 'Src', 'Dst', 'Disposition', 'Billsec']);
      await page.locator('.panel.end summary').click();
      await page.getByRole('button', { name: 'Move Billsec up' }).click();
      await expect.poll(() => heads(page)).toEqual(['Call Date', 'Src', 'Dst', 'Billsec', 'Disposition']);
      // The form is still open, so that one can go on.
      await page.getByRole('button', { name: 'Move Billsec up' }).click();
      await expect.poll(() => address(page)).toBe('/cdrs?range=today&search=sara&disposition=NO_ANSWER&columns=callDate,src,billsec,dst,disposition#column-choice');

      // A view has all of it, under a name.
      await page.getByText('Save this view…').click();
      await page.getByLabel('Save filter, order and columns as').fill('Sara today');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      const view = page.getByRole('navigation', { name: 'Saved views' }).getByRole('link', { name: 'Sara today' });
      await expect.poll(() => view.getAttribute('aria-current')).toBe('page');

      await page.getByRole('link', { name: 'Clear all' }).click();
      await expect.poll(() => chips(page)).toEqual([]);
      expect(await view.getAttribute('aria-current')).toBeNull();
      await page.goto('/cdrs');
      await expect.poll(() => heads(page)).toEqual(['Call Date', 'Src', 'Billsec', 'Dst', 'Disposition']);
      await page.locator('.panel.end summary').click();
      await page.getByRole('button', { name: 'Usual columns' }).click();
      await expect.poll(() => address(page)).toBe('/cdrs');
      await expect.poll(() => heads(page)).toEqual(['Call Date', 'Src', 'Dst', 'Duration', 'Disposition']);
      await view.click();
      await expect.poll(() => heads(page)).toEqual(['Call Date', 'Src', 'Billsec', 'Dst', 'Disposition']);
      await expect.poll(() => chips(page)).toHaveLength(3);

      await page.getByText('Views…').click();
      await page.getByLabel('Name of the view Sara today').fill('Sara');
      await page.getByRole('button', { name: 'Rename' }).click();
      await page.getByText('Views…').click();
      await expect.poll(() => page.getByRole('navigation', { name: 'Saved views' }).getByRole('link').allTextContents()).toEqual(['Sara']);
      await page.getByRole('button', { name: 'Delete' }).click();
      await expect.poll(() => page.getByRole('navigation', { name: 'Saved views' }).getByRole('link').count()).toBe(0);

      // There and back by the rows themselves.
      await page.goto('/sip-sessions?limit=60');
      const first = await page.locator('tbody time').first().getAttribute('datetime');
      expect(await page.locator('.size').textContent()).toBe('161 rows');
      await page.getByRole('link', { name: 'Older' }).click();
      await page.getByRole('link', { name: 'Newer' }).waitFor();
      const second = await page.locator('tbody time').first().getAttribute('datetime');
      await page.getByRole('link', { name: 'Older' }).click();
      await expect.poll(() => page.getByRole('link', { name: 'Older' }).count()).toBe(0);
      await page.getByRole('link', { name: 'Newer' }).click();
      await expect.poll(() => page.locator('tbody time').first().getAttribute('datetime')).toBe(second);
      await page.getByRole('link', { name: 'Newer' }).click();
      await expect.poll(() => page.locator('tbody time').first().getAttribute('datetime')).toBe(first);
      expect(await page.getByRole('link', { name: 'First page' }).count()).toBe(0);

      // Of what fits nothing: which filter to leave out, and what happens then.
      await page.goto('/sip-sessions?event=CONNECT&peername=nobody');
      expect(await page.locator('.nothing').textContent()).toContain('Nothing here fits the filter.');
      await page.locator('.nothing').getByRole('link', { name: 'Peername nobody' }).click();
      await expect.poll(() => address(page)).toBe('/sip-sessions?event=CONNECT');

      // What cannot be asked is named, and the rest is kept.
      await page.goto('/cdrs?from=soon&dst=909&disposition=LOST');
      expect(await page.getByRole('alert').locator('li').allTextContents()).toEqual([
        'Call Date from “soon” must be an instant such as 2026-05-10T17:12:24Z.',
        'Disposition “LOST” must be one of ANSWERED, NO_ANSWER, BUSY, FAILED, UNKNOWN.',
      ]);
      expect(await page.getByRole('search').getByLabel('Dst', { exact: true }).inputValue()).toBe('909');
      expect(await page.locator('tbody tr').count()).toBe(0);
      await page.getByRole('link', { name: 'Leave them out' }).click();
      await expect.poll(() => address(page)).toBe('/cdrs?dst=909');

      expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([]);
      await context.close();
    });
  }

  it('are read in Italian', async () => {
    const { context, page } = await visit({ locale: 'it-IT', viewport: { width: 1280, height: 900 } }, ['Nome', 'Password', 'Accedi']);
    await page.goto('/cdrs?range=today&dst=909&disposition=NO_ANSWER');
    expect(await chips(page)).toEqual(['Data chiamata Oggi, 2026-05-10', 'Chiamato 909', 'Esito NO_ANSWER']);
    await page.screenshot({ path: `${ARTEFACTS}/italian.png` });
    await page.goto('/cdrs?disposition=LOST');
    expect(await page.getByRole('alert').locator('li').allTextContents()).toEqual(['Esito “LOST” deve essere uno tra ANSWERED, NO_ANSWER, BUSY, FAILED, UNKNOWN.']);
    await context.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of WIDTHS) {
      it(`are seen ${colorScheme} and ${width} wide`, async () => {
        const { context, page } = await visit({ colorScheme, viewport: { width, height: width < 500 ? 760 : 900 } });
        const look = async (name: string): Promise<void> => {
          await page.screenshot({ path: `${ARTEFACTS}/${name}-${colorScheme}-${width}.png` });
          expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), `${name} is wider than the window`).toBe(0);
          expect(await violations(page), name).toEqual([]);
        };
        for (const [name, query] of [['Missed today', 'range=today&disposition=NO_ANSWER'], ['Reception', 'search=901'], ['<b>Busy</b>', 'disposition=BUSY&columns=callDate,src,dst,callerId,lastapp']] as const) {
          await page.goto(`/cdrs?${query}`);
          await page.locator('.views summary').click();
          await page.getByLabel('Save filter, order and columns as').fill(name);
          await page.getByRole('button', { name: 'Save', exact: true }).click();
        }
        await page.goto('/sip-sessions');
        await look('sip-sessions');
        await page.goto('/sip-sessions?range=today&search=909&event=REGISTER&remoteAddress=203.0.113.33');
        await look('sip-sessions-chips');
        await page.goto('/cdrs?range=today&disposition=NO_ANSWER');
        await look('cdrs-view');
        await page.locator('.views summary').click();
        await look('views-open');
        await page.goto('/cdrs?columns=callDate,src,dst,callerId,duration,billsec,disposition,dcontext,lastapp&limit=20');
        await page.locator('.panel.end summary').click();
        await look('columns-open');
        await page.goto(`/cdrs?limit=20&columns=${Object.keys(cdrs.columns).join(',')}`);
        await look('columns-all');
        await page.goto('/cdrs?limit=20');
        await page.getByRole('link', { name: 'Older' }).click();
        await page.getByRole('link', { name: 'Newer' }).scrollIntoViewIfNeeded();
        await look('pages');
        await page.goto('/cdrs?from=soon&dst=909&disposition=LOST');
        await look('wrong');
        await page.goto('/cdrs?range=yesterday&dst=909');
        await look('empty');
        await page.goto('/registered-accounts?search=203.0.113.4');
        await look('accounts');
        await context.close();
      });
    }
  }
});
