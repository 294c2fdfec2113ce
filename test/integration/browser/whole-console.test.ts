import { mkdirSync, readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/needs.js';
import { filledConsole, PASSWORD, type FilledConsole } from './filled.js';
import { launchBrowser, overflow, signIn, violations, visit, type Code } from './visitor.js';

const ARTEFACTS = 'test-artifacts/whole';
const LOOKS: readonly { readonly language: Code; readonly colorScheme: 'light' | 'dark'; readonly width: number }[] = [
  { language: 'en', colorScheme: 'light', width: 1_280 },
  { language: 'it', colorScheme: 'dark', width: 1_280 },
  { language: 'it', colorScheme: 'light', width: 360 },
  { language: 'en', colorScheme: 'dark', width: 360 },
  { language: 'it', colorScheme: 'light', width: 1_920 },
];
/** Pages that no link of another leads to, or only with luck. */
const OTHERS = [
  '/cdrs?src=000', '/cdrs?disposition=BUSY&sort=duration&order=asc', '/sip-sessions?event=CONNECT&binding=ambiguous', '/web-sessions?principal=nobody',
  '/calls?search=909&range=today', '/calls?disposition=BUSY', '/export?list=cdrs&calls=folded', '/export?list=cdrs&format=xlsx&columns=', '/cdrs?from=soon', '/cdrs?color=red', '/nowhere', '/overview?range=7d',
];
/** What every console has, so that a walk which finds less has lost its way. */
const EXPECTED = ['/accounts/…/…', '/api', '/calls', '/calls/…', '/capture-gaps', '/cdrs', '/dead-letters', '/dead-letters/…', '/export', '/overview', '/registered-accounts', '/registered-accounts/…', '/sip-sessions', '/web-sessions'];
/** Words that no Italian sentence has. */
const ENGLISH = /\b(?:the|of|and|is|are|was|were|not|this|that|with|by|has|have|yet|here|there|which|what|when)\b/i;

/** Texts that a reader of Italian should not meet: English ones that are neither names nor marked as English. */
const TEXTS = `(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { parentElement: parent } = node;
    if (parent.closest('bdi, code, pre, option, script, datalist, [lang=en], svg, td.tlsCipher')) continue;
    if (parent.offsetParent === null && getComputedStyle(parent).position !== 'fixed') continue;
    found.push(node.textContent.trim());
  }
  for (const element of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
    if (!element.closest('[lang=en]')) found.push(element.title, element.getAttribute('aria-label') ?? '', element.getAttribute('placeholder') ?? '');
  }
  return found.filter((text) => text !== '');
})()`;

/** Which page an address is, whatever it shows. */
function kindOf(path: string): string {
  const url = new URL(path, 'http://console');
  const parts = url.pathname.split('/').filter((part) => part !== '');
  return `/${[...parts.slice(0, 1), ...parts.slice(1).map(() => '…')].join('/')}`;
}

describeWith(['chromium'], 'every page of the console, with 100,000 calls and a real day', () => {
  let filled: FilledConsole;
  let browser: Browser;
  let pages: readonly string[] = [];

  beforeAll(async () => {
    filled = await filledConsole();
    browser = await launchBrowser();
    pages = await walk();
  }, 240_000);

  afterAll(async () => {
    await browser.close();
    await filled.stop();
  });

  /** From the first page over every link, to one page of each kind. */
  async function walk(): Promise<string[]> {
    const { context, page } = await visit(browser, filled.service.url, 'en');
    await signIn(page, 'en', PASSWORD);
    const found = new Map([[kindOf(page.url()), new URL(page.url()).pathname]]);
    for (const path of found.values()) {
      await page.goto(path);
      const links = await page.evaluate<string[]>('[...document.querySelectorAll(\'a[href^="/"]\')].map((link) => link.getAttribute("href"))');
      for (const link of links) {
        const { pathname, search } = new URL(link, 'http://console');
        if (/\.(?:csv|xlsx)$/.test(pathname) || pathname.startsWith('/api/') || pathname === '/') continue;
        if (!found.has(kindOf(link))) found.set(kindOf(link), pathname + (pathname === '/export' ? search : ''));
      }
    }
    await context.close();
    return [...found.values()];
  }

  it('are found by walking', () => {
    expect(pages.map(kindOf)).toEqual(expect.arrayContaining(EXPECTED));
  });

  for (const { language, colorScheme, width } of LOOKS) {
    const look = `${language}-${colorScheme}-${width}`;
    it(`please axe and fit: ${look}`, { timeout: 300_000 }, async () => {
      const folder = `${ARTEFACTS}/${look}`;
      mkdirSync(folder, { recursive: true });
      const { context, page, complaints } = await visit(browser, filled.service.url, language, { colorScheme, viewport: { width, height: width < 500 ? 760 : 900 } });
      const wrong: string[] = [];
      const check = async (path: string): Promise<void> => {
        await page.goto(path);
        // A page that follows the log changes by itself; what it shows now is enough.
        await page.waitForLoadState('load');
        await page.screenshot({ path: `${folder}/${path.replaceAll(/[^\w=]+/g, '_').slice(0, 80)}.png`, fullPage: width < 500 ? false : true });
        wrong.push(...(await faults(page, language)).map((fault) => `${path}: ${fault}`));
      };
      await check('/sign-in');
      await check('/sign-in?next=%2Fnowhere');
      await page.locator('input[name="username"]').fill(`nobody ${look}`);
      await page.locator('input[name="password"]').fill('a guess');
      await page.locator('main button[type="submit"]').click();
      await page.getByRole('alert').waitFor();
      wrong.push(...(await faults(page, language)).map((fault) => `a sign-in that failed: ${fault}`));
      await signIn(page, language, PASSWORD);
      for (const path of [...pages, ...OTHERS]) await check(path);
      expect(wrong).toEqual([]);
      expect(complaints.filter((complaint) => !/status of 40[014]/.test(complaint))).toEqual([]);
      await context.close();
    });
  }

  it('serve a visitor without JavaScript, in Italian', async () => {
    const { context, page, complaints } = await visit(browser, filled.service.url, 'it', { javaScriptEnabled: false, viewport: { width: 1_280, height: 900 } });
    const menu = (name: string): Promise<void> => page.getByRole('navigation', { name: 'Menu principale' }).getByRole('link', { name }).click();
    const rows = page.locator('tbody tr:not(.gap)');
    await signIn(page, 'it', PASSWORD);

    await menu('Dettaglio chiamate');
    await page.getByRole('search').getByLabel('Esito').selectOption('BUSY');
    await page.getByRole('button', { name: 'Filtra' }).click();
    await page.waitForURL(/disposition=BUSY/);
    const busy = async (): Promise<string[]> => [...new Set(await page.locator('td.disposition').allTextContents())];
    expect(await busy()).toEqual(['BUSY']);
    const first = await rows.first().textContent();
    await page.getByRole('link', { name: 'Meno recenti' }).click();
    await page.waitForURL(/cursor=/);
    expect(await rows.first().textContent()).not.toBe(first);
    expect(await busy()).toEqual(['BUSY']);
    await page.getByRole('link', { name: 'Più recenti' }).click();
    await expect.poll(() => rows.first().textContent()).toBe(first);

    await page.getByRole('link', { name: 'Esporta…' }).click();
    await page.getByLabel('Tra le colonne').selectOption({ label: 'Punto e virgola' });
    await page.getByLabel('Decimali con').selectOption({ label: 'Virgola: 1,5' });
    await page.getByLabel('Orari come').selectOption({ label: 'Ora locale' });
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Scarica' }).click()]);
    const [head = '', ...lines] = readFileSync(await download.path(), 'utf8').trimEnd().split('\r\n');
    expect(head).toContain('Call Date (Europe/Rome);');
    expect(lines.length).toBeGreaterThan(1_000);
    expect(lines.every((line) => line.includes(';BUSY;'))).toBe(true);

    await menu('Account registrati');
    await page.getByRole('searchbox', { name: 'Cerca' }).fill('10');
    await page.getByRole('button', { name: 'Cerca' }).click();
    await page.waitForURL(/search=10/);
    const account = page.locator('td.username a').first();
    const username = (await account.textContent()) ?? '';
    expect(username).toMatch(/^10/);
    await account.click();
    await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent()).toBe(username);

    await page.getByRole('button', { name: 'Esci' }).click();
    await page.waitForURL('**/sign-in');
    await page.goto('/cdrs');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    expect(complaints).toEqual([]);
    await context.close();
  });
});

/** What is wrong with the page as it is shown. */
async function faults(page: Page, language: Code): Promise<string[]> {
  const found = await violations(page);
  const wider = await overflow(page);
  if (wider > 0) found.push(`wider than its window by ${wider}`);
  const lang = await page.locator('html').getAttribute('lang');
  if (lang !== language) found.push(`says it is in ${lang ?? 'no language'}`);
  if (language === 'it') {
    const texts = await page.evaluate<string[]>(TEXTS);
    found.push(...[...new Set(texts)].filter((text) => ENGLISH.test(text)).map((text) => `is not Italian: ${text.slice(0, 120)}`));
  }
  return found;
}
