import { fix, less, ok, unknown, type Check } from './outcome.js';
import type { LoginFacts } from './pbx-facts.js';

const DRIVERS = ['chan_pjsip', 'chan_sip', 'chan_iax2'];
const MAX_NAMED = 5;

/** What the PBX tells about phones: its channel drivers, their connections, OPTIONS and refreshes. */
export function judgeSip(login: LoginFacts): readonly Check[] {
  const { channelDrivers } = login;
  if (channelDrivers === null) {
    const drivers = unknown('sip.drivers', 'without the command privilege the PBX does not tell which channel drivers run');
    return login.contacts === null ? [drivers] : [drivers, qualify(login)];
  }
  const present = DRIVERS.filter((driver) => channelDrivers.includes(driver));
  if (present.length === 0) return [less('sip.drivers', `none of ${DRIVERS.join(', ')} runs: there are no accounts to log`, fix('modules.conf', 'load => chan_pjsip.so'))];
  const drivers = ok('sip.drivers', present.join(', '));
  return present.includes('chan_pjsip') ? [drivers, connections(login), tls(login), qualify(login), refreshes(login)] : [drivers];
}

function connections({ monitors, abilities }: LoginFacts): Check {
  const name = 'sip.connections';
  if (monitors === null) return less(name, 'the PBX does not list open connections, so CONNECT and DISCONNECT are inferred');
  if (monitors > 0) return ok(name, `the PBX lists open connections, ${monitors} now`);
  // Asterisk 16.28 knows the command, and lists nothing though clients are connected.
  if (abilities.asteriskVersion?.startsWith('16.') === true) return less(name, 'Asterisk 16 lists no open connections, so CONNECT and DISCONNECT are inferred; Asterisk 22 lists them');
  return ok(name, 'the PBX lists open TCP and TLS connections, none now');
}

function tls({ transports }: LoginFacts): Check {
  const name = 'sip.tls';
  if (transports === null) return unknown(name, 'the PBX does not list its SIP transports');
  const secure = transports.filter(({ type }) => type === 'tls' || type === 'wss');
  if (secure.length > 0) return ok(name, `SIP over TLS: ${secure.map(({ name: transport, bind }) => `${transport} at ${bind}`).join(', ')}`);
  return ok(name, `no transport speaks TLS: ${transports.map(({ name: transport, type }) => `${transport} (${type})`).join(', ') || 'there is none'}`);
}

function qualify({ contacts }: LoginFacts): Check {
  const name = 'sip.qualify';
  const add = fix('pjsip.conf, in the aor', 'qualify_frequency = 60');
  if (contacts === null) return unknown(name, 'the PBX does not list who is on line', add);
  if (contacts.count === 0) return unknown(name, 'nobody is on line who would tell whether phones are sent OPTIONS', add);
  const { count, unqualified } = contacts;
  if (unqualified.length === 0) return ok(name, `the contacts on line are sent OPTIONS (${count})`);
  const named = `${unqualified.slice(0, MAX_NAMED).join(', ')}${unqualified.length > MAX_NAMED ? ', …' : ''}`;
  return less(name, `some accounts on line are never sent OPTIONS (${named}): a phone that is unplugged stays on line until it expires`, add);
}

// Asterisk 16.28 and 22.10 only repeat the contact's status with the setting on; releases that say `Updated` tell each
// refresh by it. A refresh is known by its SuccessfulAuth anyway, which is why the setting is no fault as a rule.
function refreshes({ updatesOnRefresh, heardSecurity, unreadClasses }: LoginFacts): Check {
  const name = 'sip.refreshes';
  const setting = `send_contact_status_on_update_registration is ${updatesOnRefresh === null ? 'not told' : updatesOnRefresh ? 'on' : 'off'}`;
  const readsSecurity = heardSecurity || unreadClasses?.includes('security') === false;
  if (readsSecurity) return ok(name, `refreshes are known by their authentication, those of phones without a password are not (${setting}, and not needed)`);
  if (updatesOnRefresh === true) return ok(name, `${setting}: releases of Asterisk that say Updated tell of each refresh`);
  const add = fix('pjsip.conf, [global]', 'send_contact_status_on_update_registration = yes');
  return less(name, `without security events no refresh of a registration is seen, and ${setting}`, add);
}
