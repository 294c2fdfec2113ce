import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { chromiumPath } from '../../support/needs.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export type Code = 'en' | 'it';
/** What a visitor finds the sign-in by. */
const SIGN_IN: Readonly<Record<Code, { readonly name: string; readonly button: string }>> = { en: { name: 'Name', button: 'Sign in' }, it: { name: 'Nome', button: 'Accedi' } };

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath() ?? '',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser's console said, what broke, and what was asked of another host. */
  readonly complaints: string[];
}

/** A reader of a language, by what the browser asks for. */
export async function visit(browser: Browser, url: string, language: Code, options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
  const context = await browser.newContext({ baseURL: url, acceptDownloads: true, locale: language === 'it' ? 'it-IT' : 'en-GB', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`);
  });
  return { context, page, complaints };
}

export async function signIn(page: Page, language: Code, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel(SIGN_IN[language].name, { exact: true }).fill('admin');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: SIGN_IN[language].button }).click();
  await page.waitForURL((to) => to.pathname !== '/sign-in');
}

/** What axe finds wrong with the page, in a few words each. Telling of each element that is right takes as long as looking. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate<AxeResults['violations']>("axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)");
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary = '' }) => `${html.slice(0, 140)} (${failureSummary.split('\n')[1]?.trim() ?? ''})`).slice(0, 3).join(' | ')}`);
}

/** So many pixels is the page wider than its window. */
export const overflow = (page: Page): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
