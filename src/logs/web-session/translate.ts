import { parseSecurityAddress } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import { eventKey } from '../key.js';
import type { NewWebSession } from '../output.js';
import type { WebEventType, WebService } from './columns.js';

const SERVICES: readonly string[] = ['AMI', 'HTTP', 'ARI'];

/** Security events that are the end of a sign-in; the others (ChallengeSent, RequestBadFormat …) are none. */
const EVENT_TYPE: ReadonlyMap<string, WebEventType> = new Map([
  ['SuccessfulAuth', 'SUCCESS'],
  ['InvalidAccountID', 'FAIL_BAD_CREDENTIALS'],
  ['InvalidPassword', 'FAIL_BAD_CREDENTIALS'],
  ['ChallengeResponseFailed', 'FAIL_BAD_CREDENTIALS'],
  ['FailedACL', 'FAIL_ACL'],
  ['AuthMethodNotAllowed', 'FAIL_AUTH_METHOD'],
  ['SessionLimit', 'FAIL_LIMIT'],
  ['LoadAverageLimit', 'FAIL_LIMIT'],
  ['MemoryLimit', 'FAIL_LIMIT'],
  ['UnexpectedAddress', 'FAIL_UNEXPECTED_ADDRESS'],
]);

export const isManagementService = (service: string): service is WebService => SERVICES.includes(service);

/** A sign-in at Asterisk's own management (AMI, HTTP, ARI) as a row; null for an event that is none. */
export function translateManagementLogin(pbx: string, event: AmiEvent): NewWebSession | null {
  const service = event.get('Service');
  const eventType = EVENT_TYPE.get(event.name);
  if (!isManagementService(service) || eventType === undefined) return null;
  const remote = parseSecurityAddress(event.get('RemoteAddress'));
  const principal = event.get('AccountID');
  return {
    key: eventKey(pbx, service, eventType, event.at, principal, event.get('SessionID'), event.get('RemoteAddress')),
    dateCreated: event.at,
    eventType,
    principal,
    ipAddress: remote?.ip ?? null,
    service,
    pbx,
  };
}
