import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { eventually, Logbook } from '../../support/logbook.js';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { FAILED_AT, insertCallDay, NOW } from './call-day.js';
import { launchBrowser, violations } from './visitor.js';

const ARTEFACTS = 'test-artifacts/calls';
const WIDTHS = [360, 1280, 1920];
const FAILED = `/calls/${FAILED_AT / MICROS_PER_SECOND}.201`;

describeWith(['chromium'], 'calls and accounts in a browser', () => {
  let console: TestConsole;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { clock: () => NOW });
    await insertCallDay(console.database.knex);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
  });

  async function visit(path: string, options: Parameters<Browser['newContext']>[0] = {}, url = console.url, password = PASSWORD): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
    const context = await browser.newContext({ baseURL: url, locale: 'en-GB', ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto('/sign-in');
    await page.locator('input[name="username"]').fill('admin');
    await page.locator('input[name="password"]').fill(password);
    await page.locator('main button[type="submit"]').click();
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    await page.goto(path);
    return { context, page, complaints };
  }

  async function look(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: `${ARTEFACTS}/${name}.png`, fullPage: true });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow, `${name} is wider than the window`).toBe(0);
  }

  const unfold = (page: Page): Promise<unknown> => page.evaluate("document.querySelectorAll('details.legs, details.leg').forEach((details) => { details.open = true; })");

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of WIDTHS) {
      it(`are seen ${colorScheme} and ${width} wide, and axe finds nothing`, async () => {
        const { context, page, complaints } = await visit('/calls', { colorScheme, viewport: { width, height: 900 } });
        const name = (what: string): string => `${what}-${colorScheme}-${width}`;
        await look(page, name('list'));
        await unfold(page);
        await look(page, name('list-unfolded'));
        expect(await violations(page), 'calls').toEqual([]);
        await page.goto(FAILED);
        await look(page, name('failed'));
        expect(await violations(page), 'a call').toEqual([]);
        await page.goto('/calls');
        await page.getByRole('row', { name: /621/ }).first().getByRole('link').first().click();
        await unfold(page);
        await look(page, name('queue'));
        expect(await violations(page), 'a call of a queue').toEqual([]);
        for (const [account, range] of [['904', '24h'], ['904', '7d'], ['908', '7d']]) {
          await page.goto(`/accounts/pbx-milan/${account}?range=${range}`);
          await look(page, name(`account-${account}-${range}`));
          expect(await violations(page), account).toEqual([]);
        }
        expect(complaints).toEqual([]);
        await context.close();
      });
    }
  }

  it('are read without JavaScript: legs fold out, and each form is one click from the other', async () => {
    const { context, page } = await visit('/calls?src=909', { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    const queue = page.locator('tr.beneath').last();
    expect(await queue.getByRole('table').isVisible()).toBe(false);
    await queue.locator('summary').click();
    expect(await queue.getByRole('row', { name: /PJSIP\/908/ }).isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Pure and unfiltered' }).click();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/cdrs?src=909');
    await page.locator('td.callDate a').first().click();
    await page.getByRole('link', { name: 'Ten minutes' }).click();
    expect(new URL(page.url()).searchParams.get('around')).toBe('10m');
    await page.getByRole('link', { name: '904', exact: true }).first().click();
    expect(new URL(page.url()).pathname).toBe('/accounts/pbx-milan/904');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('904');
    await context.close();
  });

  it('say the seconds of every duration to who points at it', async () => {
    const { context, page } = await visit('/calls', { viewport: { width: 1280, height: 900 } });
    const queue = (await page.getByRole('row', { name: /621/ }).first().getByRole('link').first().getAttribute('href')) ?? '';
    for (const path of ['/calls', '/cdrs', queue, '/accounts/pbx-milan/909', '/overview']) {
      await page.goto(path);
      // Each text such as 0:01:25, and the title that it or what it stands in has.
      const found = await page.evaluate<[string, string][]>(`(() => {
        const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
        const found = [];
        while (texts.nextNode()) {
          const { textContent, parentElement } = texts.currentNode;
          const title = parentElement.querySelector('title')?.textContent ?? parentElement.closest('[title]')?.title ?? '';
          if (/^\\s*\\d:\\d\\d:\\d\\d\\s*$/.test(textContent)) found.push([textContent.trim(), title]);
        }
        return found;
      })()`);
      expect(found.length, path).toBeGreaterThan(0);
      for (const [text, title] of found) {
        const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
        const all = hours * 3_600 + minutes * 60 + seconds;
        expect([path, text, title]).toEqual([path, text, `${all.toLocaleString('en-GB')} ${all === 1 ? 'second' : 'seconds'}`]);
      }
    }
    await context.close();
  });

  it('show a stranger’s name as text', async () => {
    const { context, page, complaints } = await visit('/calls', { viewport: { width: 360, height: 800 } });
    await page.locator('td.begin a').first().click();
    expect(await page.title()).toContain('<script>');
    await look(page, 'stranger');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('are those of a real PBX in the demo, from the service as it is built', async () => {
    const password = 'a password for the demo';
    const demo = await Logbook.start({ ADMIN_PASSWORD: password, SPOOL_DIR: 'spool' });
    try {
      for (const width of [360, 1280]) {
        const { context, page, complaints } = await visit('/calls', { locale: width === 360 ? 'it-IT' : 'en-GB', viewport: { width, height: 900 } }, demo.url, password);
        await eventually(async () => {
          await page.reload();
          expect(await page.locator('td.begin').count()).toBeGreaterThan(4);
        });
        await look(page, `demo-list-${width}`);
        await page.locator('td.begin a').last().click();
        expect(await page.locator('.parties a').count()).toBeGreaterThan(0);
        await look(page, `demo-call-${width}`);
        expect(await violations(page), 'a call').toEqual([]);
        await page.locator('.parties a').first().click();
        await look(page, `demo-account-${width}`);
        expect(await violations(page), 'an account').toEqual([]);
        expect(complaints).toEqual([]);
        await context.close();
      }
    } finally {
      await demo.stop();
    }
  });
});
