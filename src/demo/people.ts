/** Who the phones of the recording belong to, in the demo. */
const NAMES: Readonly<Record<string, string>> = { '904': 'Davide', '908': 'Elena', '909': 'Sara', '910': 'Paolo', '1932': 'Reception' };

/** The caller id of an endpoint, as `PJSIP_ENDPOINT(…,callerid)` gives it; `''` for a stranger. */
export function callerId(endpoint: string): string {
  const name = NAMES[endpoint];
  return name === undefined ? '' : `"${name}" <${endpoint}>`;
}

/** Puts the people's names where the recording says `User 909`. */
export const withNames = (text: string): string => text.replace(/\bUser (\d+)\b/g, (whole, number: string) => NAMES[number] ?? whole);

/** The phone behind contacts that came and went between two listings of the recording. */
export const UNLISTED_USER_AGENT = 'snom320/8.4.18';
