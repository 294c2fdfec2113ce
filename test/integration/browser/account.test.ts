import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { cdr, insertCdrs } from '../web/samples.js';
import { insertCallDay, NOW } from './call-day.js';
import { launchBrowser, overflow, signIn, violations, visit } from './visitor.js';

const ARTEFACTS = 'test-artifacts/account';
const ACCOUNT = '/accounts/pbx-milan/904';
const REFUSED = '/cdrs?disposition=NO_ANSWER&sort=duration&order=desc';

describeWith(['chromium'], 'an account’s calls and names in a browser', () => {
  let console: TestConsole;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    console = await startConsole('sqlite::memory:', { clock: () => NOW });
    const { knex } = console.database;
    await insertCallDay(knex);
    await insertCdrs(knex, [cdr({ callDate: NOW - 60_000_000, src: '+390245678900', dst: '600', callerId: '"Zoë Müller-Groß" <+390245678900>', channel: 'PJSIP/fastline-0000c001', dstchannel: 'PJSIP/904-0000c002', lastapp: 'Queue', linkedid: 'ddi' })]);
    // More than can be put in the order of their durations, of another PBX and long ago.
    const old = (i: number) => ({ callDate: NOW - 40 * 86_400_000_000 - i, pbx: 'pbx-rome', callerId: '' });
    await insertCdrs(knex, Array.from({ length: 5_100 }, (_, i) => cdr({ ...old(i), disposition: 'NO_ANSWER', duration: 1 })));
    await insertCdrs(knex, Array.from({ length: 5_100 }, (_, i) => cdr({ ...old(i), duration: 100 })));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
  });

  const rows = (page: Page) => page.locator('main tbody tr:not(.gap)');

  it.each([true, false])('lead from the phone to its calls, and find a caller by name, with JavaScript %s', async (javaScriptEnabled) => {
    const { context, page, complaints } = await visit(browser, console.url, 'en', { javaScriptEnabled });
    await signIn(page, 'en', PASSWORD);
    await page.goto(ACCOUNT);
    await page.getByRole('link', { name: 'to PJSIP/904' }).click();
    await page.waitForURL(/dstchannel=PJSIP%2F904&pbx=pbx-milan/);
    // A call to a queue that nobody finds by its numbers.
    expect(await page.locator('td.dst').allTextContents()).toContain('600');
    expect(await page.locator('li.chip').allTextContents()).toEqual([expect.stringContaining('PJSIP/904'), expect.stringContaining('pbx-milan')]);
    await page.goto('/cdrs');
    await page.getByRole('searchbox').fill('muller gr');
    await page.getByRole('searchbox').press('Enter');
    await page.waitForURL(/search=muller/);
    expect(await rows(page).count()).toBe(1);
    await page.getByRole('search').getByText('More filters').locator('visible=true').click();
    await page.locator('#filter-pbx').fill('pbx-rome');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.waitForURL(/pbx=pbx-rome/);
    expect(await rows(page).count()).toBe(0);
    await page.goto(REFUSED);
    await page.getByRole('alert').getByRole('link', { name: 'Leave it out' }).click();
    await page.waitForURL(/\/cdrs\?disposition=NO_ANSWER$/);
    expect(await rows(page).count()).toBe(50);
    expect(complaints.filter((complaint) => !/status of 400/.test(complaint))).toEqual([]);
    await context.close();
  });

  it('fold the rarer filters, and fold them out where one is set or the window is narrow', async () => {
    const { context, page } = await visit(browser, console.url, 'en', { viewport: { width: 1_280, height: 900 } });
    await signIn(page, 'en', PASSWORD);
    const fields = (): Promise<string[]> => page.locator('.field').locator('visible=true').locator('label').allTextContents();
    const often = ['Call Date from', 'Call Date before', 'Src', 'Dst', 'Disposition'];
    const all = [...often, 'Channel', 'Dst Channel', 'Unique Id', 'Linked Id', 'PBX'];
    await page.goto('/cdrs');
    expect(await fields()).toEqual(often);
    await page.locator('.rare summary').focus();
    await page.keyboard.press('Enter');
    expect(await fields()).toEqual(all);
    expect(await violations(page)).toEqual([]);
    await page.goto('/cdrs?pbx=pbx-rome');
    expect(await fields()).toEqual(all);
    await page.setViewportSize({ width: 360, height: 800 });
    await page.goto('/cdrs');
    expect(await fields()).toEqual([]);
    await page.locator('.fields > summary').click();
    expect(await fields()).toEqual(all);
    expect(await violations(page)).toEqual([]);
    await context.close();
  });

  it.each([['en', 'light', 360], ['it', 'light', 1_280], ['en', 'dark', 1_280], ['en', 'light', 1_920], ['it', 'dark', 360]] as const)('please axe and fit: %s %s %i', async (language, colorScheme, width) => {
    const { context, page } = await visit(browser, console.url, language, { colorScheme, viewport: { width, height: 900 } });
    await signIn(page, language, PASSWORD);
    for (const [name, path] of [['account', ACCOUNT], ['refused', REFUSED], ['pbx', '/cdrs?dstchannel=PJSIP/904&pbx=pbx-milan&columns=callDate,src,dst,channel,dstchannel,callerId']] as const) {
      await page.goto(path);
      await page.screenshot({ path: `${ARTEFACTS}/${name}-${language}-${colorScheme}-${width}.png`, fullPage: name !== 'account' });
      if (name === 'account') await page.locator('section', { has: page.locator('.all-calls') }).screenshot({ path: `${ARTEFACTS}/${name}-${language}-${colorScheme}-${width}.png` });
      expect([name, await overflow(page)]).toEqual([name, 0]);
      expect(await violations(page)).toEqual([]);
    }
    await context.close();
  });
});
