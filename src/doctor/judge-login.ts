import { EVENT_CLASSES, hasNoListing, lackedPrivileges } from '../ami/abilities.js';
import { ENVIRONMENT, fix, less, loses, ok, unknown, type Check, type Fix } from './outcome.js';
import type { AmiTarget, LoginFacts, PbxFacts } from './pbx-facts.js';

const at = ({ host, port }: AmiTarget): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** The connection and the login: reached, believed, let in. */
export function judgeConnection(facts: PbxFacts): readonly Check[] {
  const name = 'pbx.login';
  switch (facts.kind) {
    case 'demo':
      return [less(name, 'AMI_HOST is not set: the demo would run, and no PBX be listened to', fix(ENVIRONMENT, 'AMI_HOST=<the PBX>', 'AMI_USERNAME=logbook', 'AMI_SECRET=<its secret in manager.conf>'))];
    case 'unreachable':
      return [unreachable(name, facts)];
    case 'no-verdict': {
      const other = facts.target.tls ? 'AMI_TLS=0' : 'AMI_TLS=1';
      return [loses(name, `${at(facts.target)} takes connections but does not answer the login: ${facts.message}`, fix(ENVIRONMENT, 'AMI_PORT=<port of manager.conf>', `${other}   (if that port is the other kind)`))];
    }
    case 'refused':
      return [refused(name, facts)];
    case 'up': {
      const { abilities, loopback, cutShort } = facts.login;
      const version = abilities.asteriskVersion === null ? '' : `, Asterisk ${abilities.asteriskVersion}`;
      const checks = [ok(name, `${facts.target.username} is logged in at ${at(facts.target)}${version}`), encryption(facts.target, loopback)];
      if (cutShort !== null) checks.push(unknown('pbx.answers', `the PBX did not answer all that was asked: ${cutShort}`));
      return checks;
    }
  }
}

function unreachable(name: string, { target, code, message }: Extract<PbxFacts, { kind: 'unreachable' }>): Check {
  const port = String(target.port);
  if (target.tls && /CERT|SIGNATURE/.test(code)) {
    return loses(name, `TLS: the certificate at ${at(target)} is not the one to trust (${code})`, fix(ENVIRONMENT, "AMI_TLS_CA=<the PBX's ca.crt, or its self-signed certificate>"));
  }
  if (target.tls && /^(ERR_SSL|EPROTO|ECONNRESET)/.test(code)) {
    return loses(name, `TLS: ${at(target)} does not speak it (${code})`, fix('manager.conf, [general]', 'tlsenable = yes', `tlsbindaddr = 0.0.0.0:${port}`, 'tlscertfile = /etc/asterisk/keys/asterisk.pem'), fix(ENVIRONMENT, 'AMI_TLS=0   (if that port is the plain one)'));
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return loses(name, `the name ${target.host} is not known here (${code})`, fix(ENVIRONMENT, 'AMI_HOST=<the name or address of the PBX>'));
  if (code === 'ECONNREFUSED') {
    const listen = target.tls ? ['enabled = yes', 'tlsenable = yes', `tlsbindaddr = 0.0.0.0:${port}`] : ['enabled = yes', `port = ${port}`, 'bindaddr = 0.0.0.0'];
    return loses(name, `nothing listens at ${at(target)}`, fix('manager.conf, [general]', ...listen));
  }
  return loses(name, `${at(target)} cannot be reached: ${message}`, fix(ENVIRONMENT, 'AMI_HOST and AMI_PORT, or a firewall in between'));
}

function refused(name: string, { target, message, ownAddress }: Extract<PbxFacts, { kind: 'refused' }>): Check {
  const permit = ownAddress.includes(':') ? `${ownAddress}/128` : `${ownAddress}/255.255.255.255`;
  return loses(
    name,
    // Asterisk says the same for an unknown user, a wrong secret and an address that is not permitted.
    `the PBX refuses ${target.username}: ${message}; the user, its secret or Logbook's address is not right`,
    fix(`manager.conf, [${target.username}]`, 'secret = <the one of AMI_SECRET>', `permit = ${permit}`, ...LOGIN_LINES),
  );
}

function encryption(target: AmiTarget, loopback: boolean): Check {
  const name = 'pbx.encryption';
  if (loopback) return ok(name, target.tls ? 'TLS, within this machine' : 'none is needed within this machine');
  if (!target.tls) {
    return less(name, `the secret and all calls travel to ${target.host} in the clear`, fix('manager.conf, [general]', 'tlsenable = yes', 'tlsbindaddr = 0.0.0.0:5039', 'tlscertfile = /etc/asterisk/keys/asterisk.pem'), fix(ENVIRONMENT, 'AMI_TLS=1'));
  }
  return target.verified ? ok(name, 'TLS, and the PBX proves who it is') : less(name, 'TLS, but whoever answers at the address is believed', fix(ENVIRONMENT, "AMI_TLS_CA=<the PBX's certificate or its authority>"));
}

const READ = `read = ${EVENT_CLASSES.join()}`;
const WRITE = 'write = system,reporting,command';
const LOGIN_LINES = [READ, WRITE];

/** Without these, rows are missing; without `user`, only what a proxy or a dialplan says. */
const LOST_WITHOUT: Readonly<Record<string, string>> = {
  system: 'phones that come and go are not logged',
  security: 'who authenticated, from where, and who was refused is not logged',
  cdr: 'calls are not logged',
  user: 'what a SIP proxy or a dialplan says by UserEvent is not logged',
};

/** `read` and `write` of the login. */
export function judgePrivileges(target: AmiTarget, login: LoginFacts): readonly Check[] {
  const section = `manager.conf, [${target.username}]`;
  return [...EVENT_CLASSES.map((eventClass) => judgeRead(eventClass, login, fix(section, READ))), ...judgeWrite(login, fix(section, WRITE))];
}

function judgeRead(eventClass: (typeof EVENT_CLASSES)[number], login: LoginFacts, add: Fix): Check {
  const name = `pbx.read.${eventClass}`;
  const proven = (eventClass === 'system' && login.heardSystem) || (eventClass === 'security' && login.heardSecurity);
  if (proven) return ok(name, `the login hears ${eventClass} events`);
  const without = LOST_WITHOUT[eventClass] ?? '';
  if (login.unreadClasses?.includes(eventClass) === true) {
    return (eventClass === 'user' ? less : loses)(name, `the login may not read ${eventClass}: ${without}`, add);
  }
  if (login.unreadClasses !== null) return ok(name, `the login may read ${eventClass} events`);
  // Every login raises both about itself, so that silence tells.
  if (eventClass === 'system') return loses(name, `no FullyBooted came: the PBX is still starting, or the login may not read system, and ${without}`, add);
  if (eventClass === 'security') return loses(name, `the login did not hear of itself, so it may not read security: ${without}`, add);
  return unknown(name, `without the command privilege the PBX does not tell whether ${eventClass} events may be read; if not, ${without}`, add);
}

function judgeWrite({ abilities }: LoginFacts, add: Fix): readonly Check[] {
  if (abilities.actions === null) return [unknown('pbx.write', 'the PBX does not list what the login may do', add)];
  const lacks = lackedPrivileges(abilities);
  if (lacks.length === 0) {
    return hasNoListing(abilities)
      ? [less('pbx.write', 'the PBX has none of PJSIPShowContacts, SIPpeers and IAXpeerlist, so nobody can list who is on line', fix('modules.conf', 'load => res_pjsip.so'))]
      : [ok('pbx.write', 'the login may ask for all that Logbook asks')];
  }
  return lacks.map(({ purpose, privilege }) => less(`pbx.write.${privilege}`, `the login may not ${purpose}`, add));
}
