import { mkdirSync, readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, READY, startConsole, type TestConsole } from '../web/console.js';
import { HOSTILE } from '../web/samples.js';
import { insertDay } from './day.js';
import { launchBrowser } from './visitor.js';

const ARTEFACTS = 'test-artifacts/console';
const WIDTHS = [360, 1280, 1920];

describeWith(['chromium'], 'the console in a browser', () => {
  let console: TestConsole;
  let browser: Browser;
  let accountId = 0;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { demo: true });
    accountId = await insertDay(console.database.knex);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
  });

  /** A context whose pages may load nothing from elsewhere, run nothing and complain of nothing. */
  async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
    const context = await browser.newContext({ baseURL: console.url, acceptDownloads: true, locale: 'en-GB', ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(console.url)) complaints.push(`asks ${request.url()}`);
    });
    return { context, page, complaints };
  }

  async function signIn(page: Page): Promise<void> {
    await page.goto('/');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  const menu = (page: Page, name: string): Promise<void> => page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name }).click();

  for (const javaScriptEnabled of [true, false]) {
    it(`walks the console with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const { context, page, complaints } = await visit({ javaScriptEnabled });
      await signIn(page);
      await page.waitForURL('**/sip-sessions');
      expect(await page.title()).toBe('SIP Sessions · Logbook');

      // The stranger's name stands there as text, and nothing of it ran.
      expect(await page.getByText('"><script>').count()).toBeGreaterThan(0);

      await page.getByRole('search').getByLabel('Event').selectOption('UNREGISTER');
      await page.getByRole('button', { name: 'Filter' }).click();
      expect(new Set(await page.locator('td.event').allTextContents())).toEqual(new Set(['UNREGISTER']));
      await page.getByRole('link', { name: 'Clear' }).click();

      await page.getByRole('link', { name: '909', exact: true }).first().click();
      expect(new Set(await page.locator('td.peername').allTextContents())).toEqual(new Set(['909']));

      await menu(page, 'Registered Accounts');
      await page.locator('tr', { hasText: 'Sara' }).getByRole('link').first().click();
      await page.waitForURL(`**/registered-accounts/${accountId}`);
      expect(await page.getByText('as claimed by the phone').count()).toBe(1);
      expect(await page.getByRole('heading').allTextContents()).toEqual(['909', 'Registrations', 'Contacts', 'Phones and addresses', 'Failed sign-ins', 'Calls', 'Session history']);

      await menu(page, 'Web Sessions');
      expect(await page.locator('td.eventType').first().textContent()).toContain('SUCCESS_INTERACTIVE');

      await menu(page, 'Call Detailed Record');
      await page.getByRole('search').getByLabel('Disposition').selectOption('BUSY');
      await page.getByRole('button', { name: 'Filter' }).click();
      const shown = await page.locator('tbody tr:not(.gap)').count();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download report - CSV' }).click()]);
      expect(download.suggestedFilename()).toMatch(/^cdrs-.*\.csv$/);
      const lines = readFileSync(await download.path(), 'utf8').trimEnd().split('\r\n');
      expect(lines).toHaveLength(shown + 1);

      await page.locator('.zone summary').click();
      await page.getByLabel('Show times in').fill('Asia/Tokyo');
      await page.getByRole('button', { name: 'Keep' }).click();
      expect(await page.locator('th.callDate').textContent()).toContain('Asia/Tokyo');
      await page.locator('.zone summary').click();
      await page.getByLabel('Show times in').fill('');
      await page.getByRole('button', { name: 'Keep' }).click();

      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL('**/sign-in');
      expect(complaints).toEqual([]);
      await context.close();
    });
  }

  it('runs nothing that a stranger says', async () => {
    const { context, page, complaints } = await visit();
    await signIn(page);
    for (const path of ['/sip-sessions', '/cdrs', `/cdrs?src=${encodeURIComponent(HOSTILE.slice(0, 80))}`, `/sip-sessions?peername=${encodeURIComponent(HOSTILE)}`]) {
      await page.goto(path);
      expect(await page.title()).not.toBe('taken');
      expect(await page.locator('script:not([src])').count()).toBe(0);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of WIDTHS) {
      it(`is seen ${colorScheme} and ${width} wide`, async () => {
        const { context, page } = await visit({ colorScheme, viewport: { width, height: width < 500 ? 760 : 900 } });
        const look = async (name: string): Promise<void> => {
          await page.screenshot({ path: `${ARTEFACTS}/${name}-${colorScheme}-${width}.png` });
          const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
          expect(overflow, `${name} is wider than the window`).toBe(0);
          const spilt = await page.evaluate('[...document.querySelectorAll("td")].filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.className)');
          expect(spilt, `cells of ${name} whose text does not fit`).toEqual([]);
        };
        await page.goto('/sign-in');
        await look('sign-in');
        await signIn(page);
        await page.waitForURL('**/sip-sessions');
        await look('sip-sessions');
        await page.goto('/sip-sessions?event=CONNECT&from=2026-05-10T08:00');
        await look('sip-sessions-filtered');
        await page.goto('/registered-accounts');
        await look('registered-accounts');
        await page.goto(`/registered-accounts/${accountId}`);
        await look('account');
        await page.goto('/web-sessions');
        await look('web-sessions');
        await page.goto('/cdrs');
        await look('cdrs');
        await page.goto('/cdrs?src=000');
        await look('cdrs-none');
        await page.goto('/cdrs?from=2026-05-10T15:30&to=2026-05-10T17:45');
        await look('cdrs-gaps');
        await page.locator('tr.gap').first().scrollIntoViewIfNeeded();
        await look('cdrs-gap');
        await page.goto('/capture-gaps');
        await look('capture-gaps');
        await page.goto('/dead-letters');
        await look('dead-letters');
        await page.getByRole('link', { name: '1', exact: true }).first().click();
        await look('dead-letter');
        await page.goto('/cdrs?from=soon');
        await look('failure');
        const warnings = ['Dead letters: 2 events or rows could not be written. See /dead-letters for why, then run: logbook retry'];
        const noticed = (count: number): Promise<void> =>
          expect.poll(async () => {
            await page.goto('/registered-accounts');
            return page.locator('.notice').count();
          }, { interval: 300 }).toBe(count);
        console.readiness = { ...READY, database: { ...READY.database, warnings }, ami: { ok: false, message: 'the PBX refused the login of logbook (Authentication failed); next try in 2 minutes' } };
        // It is asked for every two seconds at most.
        await noticed(2);
        await page.locator('.zone summary').click();
        await look('notice');
        console.readiness = READY;
        await noticed(0);
        await context.close();
      });
    }
  }
});
