/** Security events of Asterisk 16 to 22 (`main/security_events.c`). */
const SECURITY = [
  'AuthMethodNotAllowed', 'ChallengeResponseFailed', 'ChallengeSent', 'FailedACL', 'InvalidAccountID', 'InvalidPassword',
  'InvalidTransport', 'LoadAverageLimit', 'MemoryLimit', 'RequestBadFormat', 'RequestNotAllowed', 'RequestNotSupported',
  'SessionLimit', 'SuccessfulAuth', 'UnexpectedAddress',
];
const HAPPENINGS = ['Cdr', 'ContactStatus', 'FullyBooted', 'PeerStatus', 'Registry', 'UserEvent', ...SECURITY];
const LISTED = ['ContactList', 'ContactListComplete', 'PeerEntry', 'PeerlistComplete'];

const byLowerCase = (names: readonly string[]): ReadonlyMap<string, string> => new Map(names.map((name) => [name.toLowerCase(), name]));
const happenings = byLowerCase(HAPPENINGS);
const listed = byLowerCase(LISTED);

/**
 * What to do with an event of this name: `happening` goes to the pipeline, `listed` belongs to an
 * answer, `uninteresting` is Asterisk's but tells nothing that is logged, `unknown` is anything else.
 */
export type Interest = { readonly kind: 'happening' | 'listed'; readonly name: string } | { readonly kind: 'uninteresting' } | { readonly kind: 'unknown' };

export function interestIn(eventName: string): Interest {
  const key = eventName.toLowerCase();
  const happening = happenings.get(key);
  if (happening !== undefined) return { kind: 'happening', name: happening };
  const entry = listed.get(key);
  if (entry !== undefined) return { kind: 'listed', name: entry };
  return UNINTERESTING.has(key) ? { kind: 'uninteresting' } : { kind: 'unknown' };
}

// A login that ignores `EventMask` (an old proxy) or reads the same classes for other modules gets these.
const UNINTERESTING: ReadonlySet<string> = new Set(
  `AgentCalled AgentComplete AgentConnect AgentDump AgentLogin AgentLogoff AgentRingNoAnswer Agents AgentsComplete
  AGIExecEnd AGIExecStart Alarm AlarmClear AOC-D AOC-E AOC-S AorDetail AorList AorListComplete AsyncAGIEnd AsyncAGIExec
  AsyncAGIStart AttendedTransfer AuthDetail AuthList AuthListComplete BlindTransfer BridgeCreate
  BridgeDestroy BridgeEnter BridgeInfoChannel BridgeInfoComplete BridgeLeave BridgeMerge BridgeVideoSourceUpdate CEL
  ChannelReload ChannelTalkingStart ChannelTalkingStop ChanSpyStart ChanSpyStop ConfbridgeEnd ConfbridgeJoin
  ConfbridgeLeave ConfbridgeList ConfbridgeListRooms ConfbridgeMute ConfbridgeRecord ConfbridgeStart
  ConfbridgeStopRecord ConfbridgeTalking ConfbridgeUnmute ContactStatusDetail CoreShowChannel CoreShowChannelsComplete
  DAHDIChannel DeadlockStart DeviceStateChange DeviceStateListComplete DialBegin DialEnd DialState DNDState
  DTMFBegin DTMFEnd EndpointDetail EndpointDetailComplete EndpointList EndpointListComplete ExtensionStatus
  ExtensionStateListComplete FAXSession FAXStatus Flash Hangup HangupHandlerPop HangupHandlerPush HangupHandlerRun
  HangupRequest Hold IdentifyDetail LocalBridge LocalOptimizationBegin LocalOptimizationEnd
  LogChannel MCID MeetmeEnd MeetmeJoin MeetmeLeave MeetmeMute MeetmeTalking MeetmeTalkRequest MessageWaiting
  MiniVoiceMail MixMonitorMute MixMonitorStart MixMonitorStop Module ModuleLoadReport MonitorStart MonitorStop
  MusicOnHoldStart MusicOnHoldStop MWIGet MWIGetComplete NewAccountCode NewCallerid Newchannel NewConnectedLine
  Newexten Newstate OriginateResponse ParkedCall ParkedCallGiveUp ParkedCallSwap ParkedCallTimeOut Pickup
  PresenceStateChange PresenceStateListComplete PresenceStatus QueueCallerAbandon QueueCallerJoin QueueCallerLeave
  QueueEntry QueueMember QueueMemberAdded QueueMemberPause QueueMemberPenalty QueueMemberRemoved
  QueueMemberRinginuse QueueMemberStatus QueueParams QueueSummary ReceiveFAX Reload Rename RTCPReceived RTCPSent
  SendFAX Shutdown SIPQualifyPeerDone SoftHangupRequest SpanAlarm SpanAlarmClear Status StatusComplete TestEvent
  TransportDetail UnParkedCall Unhold VarSet VoicemailPasswordChange Wink`
    .split(/\s+/)
    .map((name) => name.toLowerCase()),
);
