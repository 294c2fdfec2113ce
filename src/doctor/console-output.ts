/**
 * Readers of what Asterisk's console prints. Texts are those of Asterisk 16.28 and 22.10; a reader
 * answers null for anything else, such as `No such command`.
 */

export interface ManagerSettings {
  readonly timestampEvents: boolean;
  /** `disabledevents` of manager.conf: never sent, whatever a login may read. */
  readonly disabledEvents: readonly string[];
}

/** `manager show settings`. */
export function parseManagerSettings(output: string): ManagerSettings | null {
  const timestamps = /^\s*Timestamp events:\s*(Yes|No)\s*$/im.exec(output)?.[1];
  if (timestamps === undefined) return null;
  const disabled = /^\s*Disabled events:[ \t]*(.*)$/im.exec(output)?.[1] ?? '';
  const disabledEvents = disabled.split(',').map((name) => name.trim()).filter((name) => name !== '');
  return { timestampEvents: timestamps.toLowerCase() === 'yes', disabledEvents };
}

export interface SipTransport {
  readonly name: string;
  /** `udp`, `tcp`, `tls`, `ws`, `wss`. */
  readonly type: string;
  readonly bind: string;
}

/** `pjsip show transports`. */
export function parseTransports(output: string): readonly SipTransport[] | null {
  if (/^No objects found/im.test(output)) return [];
  if (!/^Transport:\s+<TransportId/m.test(output)) return null;
  const line = /^Transport:\s+([^\s<]\S*)\s+(\w+)\s+\S+\s+\S+\s+(\S+)\s*$/gm;
  return [...output.matchAll(line)].map(([, name = '', type = '', bind = '']) => ({ name, type: type.toLowerCase(), bind }));
}

/** `send_contact_status_on_update_registration` in `pjsip show settings`, which lists `[global]` and `[system]`. */
export function parseUpdatesOnRefresh(output: string): boolean | null {
  const value = /^\s*send_contact_status_on_update_registration\s*:\s*(\w+)\s*$/im.exec(output)?.[1];
  return value === undefined ? null : /^(yes|true)$/i.test(value);
}

/** The modules that run, without `.so`, in `module show like …`. */
export function parseRunningModules(output: string): readonly string[] | null {
  if (!/\d+ modules loaded/.test(output)) return null;
  return [...output.matchAll(/^(\S+?)(?:\.so)?\s.*\s\d+\s+Running\s/gm)].map(([, name = '']) => name);
}
