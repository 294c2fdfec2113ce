/** What `cdr show status` prints of cdr.conf, and of cdr_manager among the registered backends. */
export interface CdrStatus {
  /** `enable` in cdr.conf. */
  readonly logging: boolean;
  readonly batch: boolean;
  /** `unanswered` and `congestion`; null where the PBX prints neither, as it does with `enable = no`. */
  readonly unanswered: boolean | null;
  readonly congestion: boolean | null;
  /** `suspended`: the module is loaded, with `enabled = no` in cdr_manager.conf. */
  readonly overAmi: 'running' | 'suspended' | 'missing';
}

/**
 * Reads the output of `cdr show status`; null when it is something else. Asterisk 16.28 and 22.10
 * write `cdr_manager`, or `cdr_manager (suspended) `, under "Registered Backends".
 */
export function parseCdrStatus(output: string): CdrStatus | null {
  if (!/Call Detail Record/i.test(output)) return null;
  const word = (name: string): string | null => new RegExp(`^\\s*${name}:\\s*(\\w+)`, 'im').exec(output)?.[1]?.toLowerCase() ?? null;
  const flag = (name: string): boolean | null => (word(name) === null ? null : word(name) === 'yes');
  const backend = /^\s*cdr_manager\s*(\(suspended\))?\s*$/m.exec(output);
  return {
    logging: word('Logging') !== 'disabled',
    batch: word('Mode') === 'batch',
    unanswered: flag('Log unanswered calls'),
    congestion: flag('Log congestion'),
    overAmi: backend === null ? 'missing' : backend[1] === undefined ? 'running' : 'suspended',
  };
}
