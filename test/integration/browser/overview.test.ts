import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { eventually, Logbook } from '../../support/logbook.js';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, READY, startConsole, type TestConsole } from '../web/console.js';
import { cdr, HOSTILE, insertCdrs, insertSipSessions, sipSession } from '../web/samples.js';
import { insertMonth, MONTH_END } from './month.js';
import { launchBrowser, violations } from './visitor.js';

const ARTEFACTS = 'test-artifacts/overview';
const WIDTHS = [360, 1280, 1920];
const WELL = { ...READY, ami: { ok: true, message: 'connected to Asterisk 22.10.0' } };

describeWith(['chromium'], 'the overview in a browser', () => {
  let console: TestConsole;
  let empty: TestConsole;
  let browser: Browser;
  const now = { at: MONTH_END };

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { clock: () => now.at });
    console.readiness = WELL;
    empty = await startConsole();
    empty.readiness = { ...WELL, ami: { ok: false, message: 'the PBX refuses the login: Authentication failed; next try at 2026-10-30T09:22:00.000Z' } };
    await insertMonth(console.database.knex);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
    await empty.stop();
  });

  type Columns = Record<string, Record<string, (number | null)[]>>;
  type Options = Parameters<Browser['newContext']>[0];

  async function visit(options: Options = {}, { url } = console as { url: string }, password = PASSWORD): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
    const context = await browser.newContext({ baseURL: url, locale: 'en-GB', ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`);
    });
    await page.goto('/sign-in?next=/overview');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/overview');
    return { context, page, complaints };
  }

  async function look(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: `${ARTEFACTS}/${name}.png`, fullPage: true });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow, `${name} is wider than the window`).toBe(0);
  }

  const openTables = (page: Page): Promise<unknown> => page.evaluate("document.querySelectorAll('details.numbers').forEach((details) => { details.open = true; })");

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of WIDTHS) {
      it(`is seen ${colorScheme} and ${width} wide, and axe finds nothing`, async () => {
        const { context, page, complaints } = await visit({ colorScheme, viewport: { width, height: 900 } });
        await look(page, `month-24h-${colorScheme}-${width}`);
        await openTables(page);
        await look(page, `month-tables-${colorScheme}-${width}`);
        expect(await violations(page)).toEqual([]);
        await page.getByRole('link', { name: 'Last 7 days' }).click();
        await look(page, `month-7d-${colorScheme}-${width}`);
        expect(complaints).toEqual([]);
        await context.close();
      });
    }
  }

  it('draws what the tables say, and says it in words', async () => {
    const { context, page } = await visit();
    const drawn = await page.evaluate<Columns>(
      "Object.fromEntries([...document.querySelectorAll('.plot')].map((plot) => [plot.dataset.chart, Object.fromEntries(Chart.getChart(plot.firstChild).data.datasets.map(({ key, data }) => [key, data]))]))",
    );
    const told = await page.evaluate<Columns>(`Object.fromEntries([...document.querySelectorAll('.numbers table')].map((table) => [table.id.replace('-table', ''), Object.fromEntries(
      [...table.querySelectorAll('thead [data-key]')].map(({ dataset: { key } }) => [key, [...table.querySelectorAll('tbody [data-key="' + key + '"]')].map(({ dataset: { value } }) => value === '' ? null : Number(value))]))]))`);
    expect(Object.keys(drawn)).toEqual(['calls', 'accounts', 'asr', 'acd']);
    for (const columns of Object.values(told)) for (const values of Object.values(columns)) expect(values.some((value) => value !== null && value > 0)).toBe(true);
    expect(drawn).toEqual(told);
    const name = await page.locator('[data-chart="calls"]').getAttribute('aria-label');
    expect(name).toMatch(/^Calls an hour: \d+ calls; the busiest hour was .+ with \d+\. All numbers are in the table that follows\.$/);
    await page.locator('.plot.calls').hover({ position: { x: 120, y: 60 } });
    await page.screenshot({ path: `${ARTEFACTS}/tooltip.png` });
    await context.close();
  });

  it('follows the system’s theme while it is open', async () => {
    const { context, page } = await visit({ colorScheme: 'light' });
    const colour = (): Promise<string> => page.evaluate<string>("Chart.getChart(document.querySelector('.plot.calls').firstChild).data.datasets[0].backgroundColor[0]");
    const light = await colour();
    await page.emulateMedia({ colorScheme: 'dark' });
    await eventually(async () => expect(await colour()).not.toBe(light));
    await context.close();
  });

  it('stands without JavaScript, with the tables in the charts’ place', async () => {
    const { context, page, complaints } = await visit({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    expect(await page.locator('.plot:visible').count()).toBe(0);
    expect(await page.getByRole('row', { name: /still running/ }).first().isVisible()).toBe(true);
    await look(page, 'without-javascript');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('looks again by itself, keeps open what is open, waits for a reader, and says when it is cut off', async () => {
    const { context, page } = await visit();
    await page.clock.install();
    await page.reload();
    await page.locator('#calls-numbers summary').click();
    const calls = page.locator('.figures .value').nth(1);
    const before = Number(await calls.textContent());
    now.at = MONTH_END + 61 * MICROS_PER_SECOND;
    await insertCdrs(console.database.knex, [cdr({ callDate: MONTH_END + MICROS_PER_SECOND })]);
    // Who has the focus inside the page is reading.
    await page.clock.runFor(62_000);
    expect(Number(await calls.textContent())).toBe(before);
    await page.evaluate('document.activeElement.blur()');
    await page.clock.runFor(2_000);
    await eventually(async () => expect(Number(await calls.textContent())).toBe(before + 1));
    expect(await page.locator('#calls-numbers').getAttribute('open')).not.toBeNull();
    expect(await page.locator('.plot canvas').count()).toBe(4);
    await page.route('**/overview', (route) => route.abort());
    await page.clock.runFor(62_000);
    await eventually(async () => expect(await page.getByText('Logbook cannot be reached').count()).toBe(1));
    now.at = MONTH_END;
    await context.close();
  });

  it('shows a stranger’s name as text', async () => {
    const { knex } = console.database;
    await insertSipSessions(knex, Array.from({ length: 5_000 }, () => sipSession({ timestamp: MONTH_END - 60 * MICROS_PER_SECOND, peername: HOSTILE, details: 'INVALID_ACCOUNT_ID', remoteAddress: '198.51.100.9:5060' })));
    const { context, page, complaints } = await visit({ viewport: { width: 360, height: 800 } });
    expect(await page.getByText('"><script>').count()).toBeGreaterThan(0);
    expect(await page.title()).toBe('Overview · Logbook');
    await look(page, 'stranger');
    expect(complaints).toEqual([]);
    await knex('sip_session').where('peername', HOSTILE).delete();
    await context.close();
  });

  it('says what to do next where nothing is recorded', async () => {
    const { context, page, complaints } = await visit({ viewport: { width: 1280, height: 900 } }, empty);
    expect(await page.getByText('Register a phone with the PBX').count()).toBe(1);
    expect(await page.getByText('Compare AMI_USERNAME and AMI_SECRET').count()).toBe(1);
    await look(page, 'empty');
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('shows the demo’s day, from the service as it is built', async () => {
    const password = 'a password for the demo';
    const demo = await Logbook.start({ ADMIN_PASSWORD: password, SPOOL_DIR: 'spool' });
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of WIDTHS) {
          const { context, page, complaints } = await visit({ colorScheme, viewport: { width, height: 900 } }, demo, password);
          await eventually(async () => {
            await page.reload();
            expect(Number(await page.locator('.figures .value').nth(1).textContent())).toBeGreaterThan(0);
          });
          expect(await page.locator('.verdict').count()).toBe(1);
          await look(page, `demo-${colorScheme}-${width}`);
          expect(await violations(page)).toEqual([]);
          expect(complaints).toEqual([]);
          await context.close();
        }
      }
    } finally {
      await demo.stop();
    }
  });
});
