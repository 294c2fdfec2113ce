/** Lets threads that tests start load TypeScript as vitest does: `.js` means the `.ts` beside, and the types are taken off. */
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  // It says at each start that it is experimental.
  process.removeAllListeners('warning');
  registerHooks({
    resolve(specifier, context, next) {
      const source = specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL ? new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL) : null;
      return source && existsSync(source) ? { url: source.href, format: 'module', shortCircuit: true } : next(specifier, context);
    },
    load(url, context, next) {
      if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
      return { format: 'module', source: stripTypeScriptTypes(readFileSync(new URL(url), 'utf8'), { mode: 'transform', sourceMap: false }), shortCircuit: true };
    },
  });
}
