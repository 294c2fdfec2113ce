import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/needs.js';
import { PASSWORD, startConsole, type TestConsole } from '../web/console.js';
import { insertDay } from './day.js';
import { launchBrowser, signIn, visit } from './visitor.js';

const MOST_STOPS = 600;

/** Marks each stop in the order in which it stands in the page; answers how many there are that a reader should reach. */
const NUMBER_STOPS = `(() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')];
  const reached = all.filter((element) => {
    if (element.disabled || !element.checkVisibility({ checkVisibilityCSS: true })) return false;
    // Of a group of radio buttons one is a stop; arrows lead to the others.
    if (element.type === 'radio') return element.checked;
    return true;
  });
  reached.forEach((element, index) => { element.dataset.stop = String(index); });
  return reached.length;
})()`;

interface Stop {
  readonly index: number;
  readonly name: string;
  /** Whether one sees where one is. */
  readonly seen: boolean;
}

const STOP = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const style = getComputedStyle(element);
  const { width, height, right, bottom } = element.getBoundingClientRect();
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return { index: Number(element.dataset.stop ?? NaN), name: element.outerHTML.slice(0, 100), seen: outlined && width > 0 && height > 0 && right > 0 && bottom > 0 };
})()`;

/** Every stop of the Tab key, from the top of the page until it leaves it. */
async function tabThrough(page: Page): Promise<Stop[]> {
  const stops: Stop[] = [];
  while (stops.length < MOST_STOPS) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate<Stop | null>(STOP);
    // A field for a date has stops of its own inside.
    if (stop !== null && stop.index === stops.at(-1)?.index) continue;
    if (stop === null || stops.some(({ index }) => index === stop.index)) return stops;
    stops.push(stop);
  }
  return stops;
}

describeWith(['chromium'], 'the console by keyboard', () => {
  let console: TestConsole;
  let browser: Browser;
  let accountId = 0;

  beforeAll(async () => {
    console = await startConsole('sqlite::memory:', { demo: true });
    accountId = await insertDay(console.database.knex);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await console.stop();
  });

  it('is walked with Tab, from the way past the menu to the foot, and shows where one is', async () => {
    const { context, page } = await visit(browser, console.url, 'en', { viewport: { width: 1_280, height: 900 } });
    const walk = async (path: string): Promise<void> => {
      await page.goto(path);
      const count = await page.evaluate<number>(NUMBER_STOPS);
      const stops = await tabThrough(page);
      expect(stops[0]?.name, path).toContain('class="skip"');
      expect(stops.filter(({ seen }) => !seen), `${path}: focus that nobody sees`).toEqual([]);
      // In the order of the page, and nothing left out.
      expect(stops.map(({ index }) => index), path).toEqual(Array.from({ length: count }, (_, index) => index));
    };
    await signIn(page, 'en', PASSWORD);
    for (const path of ['/overview', '/sip-sessions', '/cdrs?disposition=BUSY', '/cdrs?pbx=pbx-milan', '/export?list=cdrs', `/registered-accounts/${accountId}`, '/calls', '/dead-letters', '/cdrs?from=soon']) await walk(path);
    await page.goto('/calls');
    await walk((await page.locator('td.begin a').first().getAttribute('href')) ?? '');
    await context.close();
  });

  it('lets one sign in, wait for nothing and press Enter', async () => {
    const { context, page } = await visit(browser, console.url, 'en');
    await page.goto('/sign-in?next=/cdrs');
    await page.keyboard.type('admin');
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/cdrs');
    await context.close();
  });

  it('leads past the menu', async () => {
    const { context, page } = await visit(browser, console.url, 'en');
    await signIn(page, 'en', PASSWORD);
    await page.goto('/cdrs');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.getElementById('main').contains(document.activeElement)")).toBe(true);
    await context.close();
  });
});
