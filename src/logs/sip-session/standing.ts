/* The words by which rows tell whether an account is on line, as SQL. */

/** A phone that moved, or left while another stays, leaves its account on line. */
export const STAYS = `(details like '% left' or details like 'REPLACED%')`;
// coalesce hides these columns from SQLite's planner, which would walk everybody's rows by them rather than the account's own.
export const REGISTERED = `(coalesce(event, '') = 'REGISTER' and (details = 'INFERRED' or (coalesce(source, '') = 'CLIENT' and details = '200 OK')))`;
/** What the PBX did at a provider that knows it by an account's name; a phone's own end has an address. */
export const OF_TRUNK = `(coalesce(source, '') = 'SERVER' and coalesce(remote_address, '') = '' and details like 'UNREGISTERED%')`;
export const UNREGISTERED = `(coalesce(event, '') = 'UNREGISTER' and not ${OF_TRUNK})`;
/** Of a row that is one of both: the account is on line after it. */
export const LEFT_ON_LINE = `(event = 'REGISTER' or ${STAYS})`;
