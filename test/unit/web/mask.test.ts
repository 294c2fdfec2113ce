import { describe, expect, it } from 'vitest';
import { CALL_COLUMNS } from '../../../src/logs/cdr/call-columns.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { isMasked, maskJson, maskNumbers } from '../../../src/web/mask.js';

describe('masked digits', () => {
  it.each([
    ['0612345678', '0612345xxx', '0612345xxx'],
    ['+390612345678', '+390612345xxx', '+390612345xxx'],
    ['00391234', '00391xxx', '00391xxx'],
    ['909', '909', 'xxx'],
    ['12', '12', 'xx'],
    ['9', '9', '9'],
    ['', '', ''],
    ['Sara', 'Sara', 'Sara'],
    // A number in groups is one number, and none of its groups may be read alone.
    ['+39 06 5551234', '+39 06 5551xxx', '+xx xx 5551xxx'],
    ['06/555-12-34', '06/555-1x-xx', 'xx/xxx-xx-xx'],
    ['(06) 555.1234', '(06) 555.1xxx', '(xx) xxx.1xxx'],
    ['0039 06 555 1234', '0039 06 555 1xxx', '0xxx xx xxx 1xxx'],
    // Two numbers side by side both lose their ends.
    ['0612345678 0298765432', '0612345xxx 0298765xxx', '0612345xxx 0298765xxx'],
    ['0612345678-909', '0612345xxx-xxx', '0612345xxx-xxx'],
    ['"Marco 0612345678" <0612345678>', '"Marco 0612345xxx" <0612345xxx>', '"Marco 0612345xxx" <0612345xxx>'],
    ['PJSIP/0612345678@trunk,30,tT', 'PJSIP/0612345xxx@trunk,30,tT', 'PJSIP/0612345xxx@trunk,xx,tT'],
    ['PJSIP/909-0000001a', 'PJSIP/909-0000001a', 'PJSIP/xxx-0000001a'],
    ['PJSIP/0612345678-00000013', 'PJSIP/0612345xxx-00000013', 'PJSIP/0612345xxx-00000013'],
    ['Local/0612345678@out-0000000a;1', 'Local/0612345xxx@out-0000000a;1', 'Local/0612345xxx@out-0000000a;1'],
    ['DAHDI/i1/0612345678-1', 'DAHDI/i1/0612345xxx-x', 'DAHDI/i1/0612345xxx-x'],
    ['out-0612345678-909-20260510.wav', 'out-0612345xxx-909-20260xxx.wav', 'out-0612345xxx-xxx-20260xxx.wav'],
    ['٠٦١٢٣٤٥٦٧٨', '٠٦١٢٣٤٥xxx', '٠٦١٢٣٤٥xxx'],
    ['０６１２３４５６７８', '０６１２３４５xxx', '０６１２３４５xxx'],
  ])('of %j are %j, or %j with the short ones', (text, outside, all) => {
    expect([maskNumbers(text, 'outside'), maskNumbers(text, 'all')]).toEqual([outside, all]);
  });

  it('leave JSON readable', () => {
    const extra = JSON.stringify({ did: '0612345678', note: 'tab\u0007 123456', count: 1234567, nested: { cnum: '+39 06 5551234' } });
    expect(JSON.parse(maskJson(extra, 'outside'))).toEqual({ did: '0612345xxx', note: 'tab\u0007 123xxx', count: '1234xxx', nested: { cnum: '+39 06 5551xxx' } });
    expect(maskJson('{"cut off 0612345678', 'outside')).toBe('{"cut off 0612345xxx');
  });

  it('hide in every column that can hold a number', () => {
    const hidden = (columns: Readonly<Record<string, Parameters<typeof isMasked>[1]>>): string[] =>
      Object.entries(columns).flatMap(([name, column]) => (isMasked(name, column) ? [name] : []));
    expect(hidden(cdrs.columns)).toEqual(['src', 'dst', 'callerId', 'channel', 'dstchannel', 'dcontext', 'lastdata', 'accountcode', 'userfield', 'peeraccount', 'extra']);
    expect(hidden(CALL_COLUMNS)).toEqual(['from', 'callerId', 'to', 'answeredBy', 'accountcode', 'answeredChannel']);
    expect(hidden(sipSessions.columns)).toEqual(['peername', 'account', 'candidates']);
    expect(hidden(registeredAccounts.columns)).toEqual(['username', 'description']);
  });
});
