/** Lines to add or change, and where: a file of the PBX with its section, or Logbook's environment. */
export interface Fix {
  readonly where: string;
  readonly lines: readonly string[];
}

/** `less`: Logbook knows less than it could. `loses`: data would be lost. `unknown`: nothing there tells. */
export type Outcome =
  | { readonly kind: 'ok'; readonly message: string }
  | { readonly kind: 'unknown' | 'less' | 'loses'; readonly message: string; readonly fixes: readonly Fix[] };

export interface Check {
  /** `pbx.login`, `calls.mappings`, … : stays as it is from version to version, for scripts. */
  readonly name: string;
  readonly outcome: Outcome;
}

export const ok = (name: string, message: string): Check => ({ name, outcome: { kind: 'ok', message } });
export const unknown = (name: string, message: string, ...fixes: readonly Fix[]): Check => ({ name, outcome: { kind: 'unknown', message, fixes } });
export const less = (name: string, message: string, ...fixes: readonly Fix[]): Check => ({ name, outcome: { kind: 'less', message, fixes } });
export const loses = (name: string, message: string, ...fixes: readonly Fix[]): Check => ({ name, outcome: { kind: 'loses', message, fixes } });

export const fix = (where: string, ...lines: readonly string[]): Fix => ({ where, lines });

/** Where Logbook's own settings are; the values of secrets are never printed. */
export const ENVIRONMENT = "Logbook's environment";
