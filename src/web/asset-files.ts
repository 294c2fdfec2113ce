import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express, { Router } from 'express';

// Beside this file, in `src` and in `dist/src` alike.
const OWN = join(import.meta.dirname, 'assets');

/** Files of libraries, served from this host as their packages ship them. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'chart.js': join(dirname(createRequire(import.meta.url).resolve('chart.js')), 'chart.umd.min.js'),
};

const CACHING = { immutable: true, maxAge: '30d' } as const;

/** Style sheets, scripts and pictures, below `/assets`. No sign-in. */
export function assets(): Router {
  const router = Router();
  for (const [name, file] of Object.entries(LIBRARIES)) {
    router.get(`/${name}`, (_request, response) => response.sendFile(file, CACHING));
  }
  router.use(express.static(OWN, { index: false, ...CACHING }));
  return router;
}

const hrefs = new Map<string, string>();

/** The address of one. It changes with the content, so that browsers may keep the file and still see the next release's. */
export function assetHref(name: string): string {
  let href = hrefs.get(name);
  if (href === undefined) {
    const content = readFileSync(LIBRARIES[name] ?? join(OWN, name));
    href = `/assets/${name}?v=${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
    hrefs.set(name, href);
  }
  return href;
}
