/**
 * The bare name of `"User 909" <909>`; `''` where it has none, as in `<909>`, `909` or Asterisk's `<unknown>`.
 * Asterisk writes a quote inside the name as `\"`.
 */
export function callerIdName(text: string): string {
  const quoted = /^\s*"((?:[^"\\]|\\.)*)"/.exec(text);
  if (quoted) return (quoted[1] ?? '').replace(/\\(.)/g, '$1').trim();
  const bare = /^\s*([^<]+?)\s*<[^>]*>\s*$/.exec(text);
  return bare?.[1] ?? '';
}
