/** What no retry can mend: the value itself does not fit. Everything else is the state of the database. */
export function isAboutTheRow(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  if (!(error instanceof Error)) return false;
  const { code, sqlState } = error as { readonly code?: unknown; readonly sqlState?: unknown };
  // SQL's own classes 22 (data exception) and 23 (constraint violation); a text in another character set has HY000.
  if (code === 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD' || code === 'ER_NET_PACKET_TOO_LARGE') return true;
  if (typeof sqlState === 'string') return /^2[23]/.test(sqlState);
  return typeof code === 'string' && /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code);
}
