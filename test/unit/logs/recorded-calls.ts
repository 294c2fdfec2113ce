import type { Cdr } from '../../../src/logs/cdr/columns.js';
import { MICROS_PER_SECOND } from '../../../src/time.js';

/**
 * Calls with several legs as Asterisk 22 told them (16 tells the same), in the order of its events: begin, answer
 * and end in seconds, duration, billsec, disposition, src, dst, channel, dstchannel, lastapp, numbers of uniqueid and linkedid.
 * 909 calls; 904, 908 and 910 are phones; 61x are ring groups, 62x queues, 630 an announcement before Dial.
 */
const RECORDED = {
  plain: `
    0.000000 0.311219 1.819991 1 1 ANSWERED 909 904 PJSIP/909-00000000 PJSIP/904-00000001 Dial 0 0
`,
  'plain, nobody': `
    0.000000 - 6.009056 6 0 NO_ANSWER 909 904 PJSIP/909-00000002 PJSIP/904-00000003 Dial 3 3
`,
  'ring group': `
    0.000000 - 0.313355 0 0 NO_ANSWER 909 610 PJSIP/909-00000004 PJSIP/904-00000005 Dial 6 6
    0.004208 0.313414 2.320310 2 2 ANSWERED 909 610 PJSIP/909-00000004 PJSIP/908-00000006 Dial 6 6
    0.005753 - 0.006344 0 0 BUSY 909 610 PJSIP/909-00000004 PJSIP/910-00000007 Dial 6 6
`,
  'ring group, nobody': `
    0.000000 - 20.030384 20 0 NO_ANSWER 909 610 PJSIP/909-00000008 PJSIP/904-00000009 Dial 13 13
    0.006234 - 20.030540 20 0 NO_ANSWER 909 610 PJSIP/909-00000008 PJSIP/908-0000000a Dial 13 13
    0.007970 - 0.008782 0 0 BUSY 909 610 PJSIP/909-00000008 PJSIP/910-0000000b Dial 13 13
`,
  'ring group of Local channels': `
    0.001075 - 0.317185 0 0 NO_ANSWER 909 904 Local/904@lab-00000000;2 PJSIP/904-0000000e Dial 22 20
    0.001696 0.316465 2.323520 2 2 ANSWERED 909 908 Local/908@lab-00000001;2 PJSIP/908-0000000d Dial 24 20
    0.000000 - 0.316391 0 0 NO_ANSWER 909 611 PJSIP/909-0000000c Local/904@lab-00000000;1 Dial 20 20
    0.002562 0.317106 2.323353 2 2 ANSWERED 909 611 PJSIP/909-0000000c Local/908@lab-00000001;1 Dial 20 20
`,
  queue: `
    0.000000 0.000277 3.601892 3 3 NO_ANSWER 909 620 PJSIP/909-0000000f PJSIP/904-00000010 Queue 31 31
    4.605539 4.605539 6.007427 1 1 ANSWERED 909 620 PJSIP/909-0000000f PJSIP/908-00000011 Queue 31 31
`,
  'queue without Answer': `
    0.000000 - 3.005033 3 0 NO_ANSWER 909 621 PJSIP/909-00000012 PJSIP/904-00000013 Queue 36 36
    4.008998 4.316525 10.324245 6 6 ANSWERED 909 621 PJSIP/909-00000012 PJSIP/908-00000014 Queue 36 36
`,
  'queue, nobody': `
    0.000000 0.000135 3.508258 3 3 NO_ANSWER 909 620 PJSIP/909-00000015 PJSIP/904-00000016 Queue 41 41
    4.511787 4.511787 7.515317 3 3 NO_ANSWER 909 620 PJSIP/909-00000015 PJSIP/908-00000017 Queue 41 41
    8.519948 8.519948 11.523087 3 3 NO_ANSWER 909 620 PJSIP/909-00000015 PJSIP/904-00000018 Queue 41 41
    12.524884 12.524884 12.525605 0 0 ANSWERED 909 620 PJSIP/909-00000015 - Hangup 41 41
`,
  'queue of Local channels': `
    0.501503 - 0.812890 0 0 NO_ANSWER 909 904 Local/904@lab-00000003;2 PJSIP/904-0000001b Dial 53 49
    0.000000 0.000155 6.008156 6 6 ANSWERED 909 622 PJSIP/909-00000019 Local/908@lab-00000002;1 Queue 49 49
    0.501610 0.501610 0.812478 0 0 NO_ANSWER 909 622 PJSIP/909-00000019 Local/904@lab-00000003;1 Queue 49 49
    0.501307 0.812227 6.008743 5 5 ANSWERED 909 908 Local/908@lab-00000002;2 PJSIP/908-0000001a Dial 51 49
`,
  'queue without members': `
    0.000000 0.001046 3.506372 3 3 ANSWERED 909 623 PJSIP/909-0000001c - Queue 60 60
`,
  'announcement, nobody': `
    0.000000 0.001061 6.512346 6 6 NO_ANSWER 909 630 PJSIP/909-0000001d PJSIP/904-0000001e Dial 62 62
    6.512497 6.512497 6.513529 0 0 ANSWERED 909 630 PJSIP/909-0000001d - Hangup 62 62
`,
  announcement: `
    0.000000 0.000831 5.011851 5 5 ANSWERED 909 630 PJSIP/909-0000001f PJSIP/904-00000020 Dial 66 66
`,
  'Local channel': `
    0.000000 0.311519 3.319511 3 3 ANSWERED 909 612 PJSIP/909-00000021 Local/904@lab-00000004;1 Dial 69 69
    0.001074 0.311848 3.319989 3 3 ANSWERED 909 904 Local/904@lab-00000004;2 PJSIP/904-00000022 Dial 71 69
`,
  voicemail: `
    0.000000 - 2.004727 2 0 NO_ANSWER 909 640 PJSIP/909-00000023 PJSIP/904-00000024 Dial 75 75
    2.005195 2.005210 2.509474 0 0 ANSWERED 909 640 PJSIP/909-00000023 - Answer 75 75
`,
  'second choice': `
    0.000000 - 2.010087 2 0 NO_ANSWER 909 641 PJSIP/909-00000025 PJSIP/904-00000026 Dial 79 79
    2.013935 2.317671 7.331810 5 5 ANSWERED 909 641 PJSIP/909-00000025 PJSIP/908-00000027 Dial 79 79
`,
  ForkCDR: `
    0.000000 0.000344 4.007922 4 4 ANSWERED 909 660 PJSIP/909-00000028 PJSIP/904-00000029 Dial 84 84
    0.000000 0.000344 4.007922 4 4 ANSWERED 909 660 PJSIP/909-00000028 PJSIP/904-00000029 Dial 84 84
`,
  'ForkCDR, ended': `
    0.000000 0.000393 1.502465 1 1 ANSWERED 909 661 PJSIP/909-0000002a - ForkCDR 88 88
    1.502567 1.502567 4.004724 2 2 ANSWERED 909 661 PJSIP/909-0000002a PJSIP/904-0000002b Dial 88 88
`,
  'blind transfer': `
    0.000000 0.308949 2.394259 2 2 ANSWERED 909 908 PJSIP/909-0000002c PJSIP/904-0000002d Dial 92 92
    2.398529 2.398529 9.317674 6 6 ANSWERED 909 908 PJSIP/909-0000002c PJSIP/908-0000002e Dial 92 92
`,
  'blind transfer, nobody': `
    0.000000 0.310371 2.391547 2 2 ANSWERED 909 904 PJSIP/909-0000002f PJSIP/904-00000030 Dial 97 97
    2.395544 2.395544 8.402085 6 6 NO_ANSWER 909 908 PJSIP/909-0000002f PJSIP/908-00000031 Dial 97 97
`,
  'click to call': `
    0.000000 0.306635 4.001937 4 3 ANSWERED 904 908 PJSIP/904-00000034 PJSIP/908-00000035 Dial 105 105
`,
  'click to call through Local': `
    0.000051 0.309601 4.002944 4 3 ANSWERED 908 904 Local/904@lab-00000005;2 PJSIP/904-00000036 Dial 109 108
    0.000000 0.309905 4.002749 4 3 ANSWERED 904 908 Local/904@lab-00000005;1 PJSIP/908-00000037 Dial 108 108
`,
  'attended transfer': `
    2.499961 2.808478 4.894783 2 2 ANSWERED 904 908 PJSIP/904-00000002 PJSIP/908-00000003 Dial 2 2
    0.000000 0.307392 4.894394 4 4 ANSWERED 909 904 PJSIP/909-00000000 PJSIP/904-00000001 Dial 0 0
    4.894697 4.894697 8.996464 4 4 ANSWERED 909 904 PJSIP/909-00000000 PJSIP/908-00000003 Dial 0 0
    4.894807 4.894807 8.996860 4 4 ANSWERED 908 - PJSIP/908-00000003 - AppDial 3 0
`,
  pickup: `
    0.000104 - 1.710233 1 0 NO_ANSWER 904 680 PJSIP/904-00000003 - AppDial 3 2
    0.000000 1.709811 1.710405 1 0 ANSWERED 909 904 PJSIP/909-00000002 PJSIP/904-00000003 Dial 2 2
    1.710511 1.710511 6.770020 5 5 ANSWERED 909 904 PJSIP/909-00000002 PJSIP/910-00000004 Dial 2 2
`,
} as const;

export type Recorded = keyof typeof RECORDED;

/** 2026-05-10T12:00:00Z */
export const BEGIN = 1_778_414_400 * MICROS_PER_SECOND;

/** The legs of a recorded call, as the log has them; `startId` is the id of the first told. */
export function recorded(name: Recorded, begin = BEGIN, startId = 1, pbx = 'pbx-milan'): Cdr[] {
  return RECORDED[name]
    .trim()
    .split('\n')
    .map((line, index) => {
      const [start = '', answer = '', end = '', duration = '', billsec = '', disposition = '', src = '', dst = '', channel = '', dstchannel = '', lastapp = '', unique = '', linked = ''] = line.trim().split(' ');
      const at = (text: string): number => begin + Math.round(Number(text) * MICROS_PER_SECOND);
      const text = (value: string): string => (value === '-' ? '' : value);
      return {
        ...leg(startId + index),
        callDate: at(start),
        answerDate: answer === '-' ? null : at(answer),
        endDate: at(end),
        duration: Number(duration),
        billsec: Number(billsec),
        disposition,
        asteriskDisposition: disposition.replace('_', ' '),
        src: text(src),
        dst: text(dst),
        channel,
        dstchannel: text(dstchannel),
        lastapp,
        uniqueid: `${begin / MICROS_PER_SECOND}.${unique}`,
        linkedid: `${begin / MICROS_PER_SECOND}.${linked}`,
        pbx,
      };
    });
}

/** A leg of a call of its own: 904 takes it after two seconds and talks for eight. */
export function leg(id: number, changes: Partial<Cdr> = {}): Cdr {
  return {
    id,
    callDate: BEGIN,
    answerDate: BEGIN + 2 * MICROS_PER_SECOND,
    endDate: BEGIN + 10 * MICROS_PER_SECOND,
    src: '909',
    dst: '904',
    callerId: '"Sara" <909>',
    duration: 10,
    billsec: 8,
    disposition: 'ANSWERED',
    asteriskDisposition: 'ANSWERED',
    channel: `PJSIP/909-${id}`,
    dstchannel: `PJSIP/904-${id}`,
    dcontext: 'internal',
    lastapp: 'Dial',
    lastdata: '',
    accountcode: '',
    amaflags: 'DOCUMENTATION',
    userfield: '',
    uniqueid: `1778414400.${id}`,
    linkedid: `1778414400.${id}`,
    pbx: 'pbx-milan',
    sequence: String(id),
    peeraccount: '',
    extra: null,
    ...changes,
  };
}
