import type { Binding } from './columns.js';

/** An account that proved itself on a socket. */
export interface Use {
  readonly peername: string;
  readonly account: string | null;
}

/** Whose connection it was. */
export type Bound =
  | { readonly kind: 'bound'; readonly use: Use }
  | { readonly kind: 'ambiguous'; readonly peernames: readonly string[] }
  | { readonly kind: 'unknown' };

/** One account used the socket while it was open: it is that account's. Several did: nobody can say. */
export function bind(uses: readonly Use[]): Bound {
  const byName = new Map<string, Use>();
  for (const use of uses) {
    const known = byName.get(use.peername);
    if (!known?.account) byName.set(use.peername, use);
  }
  const [first] = byName.values();
  if (!first) return { kind: 'unknown' };
  if (byName.size === 1) return { kind: 'bound', use: first };
  return { kind: 'ambiguous', peernames: [...byName.keys()].sort() };
}

/** The columns of the row that say so. */
export function boundColumns(bound: Bound): { binding: Binding; reconciled: boolean; peername: string | null; account: string | null; candidates: string | null } {
  const none = { reconciled: false, peername: null, account: null, candidates: null };
  switch (bound.kind) {
    case 'bound':
      return { ...none, binding: 'bound', reconciled: true, peername: bound.use.peername, account: bound.use.account };
    case 'ambiguous':
      return { ...none, binding: 'ambiguous', candidates: bound.peernames.join(',') };
    case 'unknown':
      return { ...none, binding: 'unknown' };
  }
}
