import { describe, expect, it } from 'vitest';
import { foldCalls } from '../../../src/logs/cdr/folded-call.js';
import { legStories, partiesOf, secondsOf } from '../../../src/logs/cdr/leg-phases.js';
import { leg, recorded, type Recorded } from './recorded-calls.js';

/** Each leg as `904 ring 3.0 talk 0 line 0`. */
function told(name: Recorded): string[] {
  return foldCalls(recorded(name)).flatMap((call) =>
    legStories(call).map((story) => {
      const { party, sought, relayed, goesOnFrom, ringUntold, queue } = story;
      const times = (['ring', 'talk', 'line'] as const).flatMap((kind) => (secondsOf(story, kind) > 0.05 ? [`${kind} ${secondsOf(story, kind).toFixed(1)}`] : []));
      return [party, ...(queue === null ? [] : ['queue']), ...times, ...(sought ? [] : ['alone']), ...(relayed ? ['relayed'] : []), ...(ringUntold ? ['untold'] : []), ...(goesOnFrom === null ? [] : [`from ${goesOnFrom}`])].join(' ');
    }),
  );
}

describe('the legs of recorded calls', () => {
  it.each([
    ['queue without Answer', ['904 queue ring 3.0', '908 queue ring 0.3 talk 6.0']],
    ['queue, nobody', ['904 queue ring 3.5', '908 queue ring 3.0', '904 queue ring 3.0', '620 alone']],
    ['queue of Local channels', ['908 queue talk 6.0 relayed', '908 ring 0.3 talk 5.2', '904 ring 0.3', '904 queue ring 0.3 relayed']],
    ['voicemail', ['904 ring 2.0', '640 line 0.5 alone']],
    ['second choice', ['904 ring 2.0', '908 ring 0.3 talk 5.0']],
    ['blind transfer', ['904 ring 0.3 talk 2.1', '908 talk 6.9 untold from 1']],
    ['blind transfer, nobody', ['904 ring 0.3 talk 2.1', '908 ring 6.0 from 1']],
    ['pickup', ['904 ring 1.7', '680 ring 1.7 alone', '910 talk 5.1 untold']],
  ] as const)('%s', (name, expected) => {
    expect(told(name)).toEqual(expected);
  });

  it('end where they began when they failed at once', () => {
    const [story] = legStories({ legs: [leg(1, { answerDate: null, endDate: null, duration: 0, billsec: 0, disposition: 'FAILED' })] });
    expect(story).toMatchObject({ phases: [], goesOnFrom: null, ringUntold: false });
  });

  it('never take longer than they lasted, whatever the PBX says', () => {
    const [story] = legStories({ legs: [leg(1, { answerDate: null, endDate: null, duration: 5, billsec: 50 })] });
    expect(story && secondsOf(story, 'talk')).toBe(5);
    expect(story && secondsOf(story, 'ring')).toBe(0);
  });
});

describe('the parties of a call', () => {
  const names = (changes: Parameters<typeof leg>[1]): string[] => partiesOf({ legs: [leg(1, { src: '', dst: '', ...changes })] }).map(({ name, by }) => `${name} ${by}`);

  it('are its channels, who was dialled in vain, and else its numbers', () => {
    expect(names({ channel: 'PJSIP/909-00000001', dstchannel: 'PJSIP/904-00000002', src: '909', dst: '620' })).toEqual(['909 channel', '904 channel', '620 number']);
    expect(names({ channel: 'PJSIP/909-00000001', dstchannel: '', lastdata: 'PJSIP/904&SIP/907,30,tT' })).toEqual(['909 channel', '904 dialled', '907 dialled']);
    expect(names({ channel: 'Local/909@lab-0000;2', dstchannel: 'DAHDI/i1/0655-3', lastdata: 'PJSIP/+39065551234@provider' })).toEqual(['provider dialled']);
    expect(names({ channel: '', dstchannel: '', lastdata: 'SIP/provider/065551234' })).toEqual(['provider dialled']);
    expect(names({ channel: '', dstchannel: '', lastdata: 'PJSIP/904/sip:904@192.0.2.1:5060' })).toEqual(['904 dialled']);
    expect(names({ channel: '', dstchannel: '', lastapp: 'Playback', lastdata: 'PJSIP/904' })).toEqual([]);
  });
});
