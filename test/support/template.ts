import { readFileSync } from 'node:fs';

export type Values = Readonly<Record<string, string | number>>;

/**
 * Reads a file and fills `${name}`; `${if name}` … `${end}` stays only where the value is not empty.
 * What has no value stays as it is: Asterisk's own variables look alike.
 */
export function filled(path: string, values: Values): string {
  return readFileSync(path, 'utf8')
    .replaceAll(/\$\{if (\w+)\}\n([^]*?)\$\{end\}\n/g, (_, name: string, body: string) => ((values[name] ?? '') === '' ? '' : body))
    .replaceAll(/\$\{([a-z]\w*)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
