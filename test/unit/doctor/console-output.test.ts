import { describe, expect, it } from 'vitest';
import { parseCdrStatus } from '../../../src/ami/cdr-status.js';
import { parseManagerSettings, parseRunningModules, parseTransports, parseUpdatesOnRefresh } from '../../../src/doctor/console-output.js';

const NO_COMMAND = "No such command 'sip show settings' (type 'core show help sip show' for other possible commands)";

describe('what Asterisk prints', () => {
  it('cdr show status: everything as it should be, suspended in batch mode, off as a whole', () => {
    const right = '\nCall Detail Record (CDR) settings\n----------------------------------\n  Logging:                    Enabled\n  Mode:                       Simple\n  Log calls by default:       Yes\n  Log unanswered calls:       Yes\n  Log congestion:             Yes\n\n* Registered Backends\n  -------------------\n    cdr_manager\n    cdr-custom\n';
    expect(parseCdrStatus(right)).toEqual({ logging: true, batch: false, unanswered: true, congestion: true, overAmi: 'running' });
    const suspended = right.replace('Simple', 'Batch').replace('unanswered calls:       Yes', 'unanswered calls:       No').replace('cdr_manager', 'cdr_manager (suspended) ');
    expect(parseCdrStatus(suspended)).toEqual({ logging: true, batch: true, unanswered: false, congestion: true, overAmi: 'suspended' });
    expect(parseCdrStatus('\nCall Detail Record (CDR) settings\n---\n  Logging:                    Disabled\n  Mode:                       Batch')).toEqual({
      logging: false, batch: true, unanswered: null, congestion: null, overAmi: 'missing',
    });
    expect(parseCdrStatus(right.replace('    cdr_manager\n', ''))?.overAmi).toBe('missing');
    expect(parseCdrStatus(NO_COMMAND)).toBeNull();
  });

  it('manager show settings: with and without disabled events', () => {
    const text = (timestamps: string, disabled: string): string => `  Display connects:          Yes            \n  Timestamp events:          ${timestamps}             \n  Channel vars:              \n  Disabled events:           ${disabled}\n  Debug:                     No             \n`;
    expect(parseManagerSettings(text('Yes', ''))).toEqual({ timestampEvents: true, disabledEvents: [] });
    expect(parseManagerSettings(text('No', 'Cdr, Newexten'))).toEqual({ timestampEvents: false, disabledEvents: ['Cdr', 'Newexten'] });
    expect(parseManagerSettings('')).toBeNull();
  });

  it('pjsip show transports and settings, module show', () => {
    const transports = '\nTransport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress....................>\n=====\n\nTransport:  transport-tls             tls      0      0  127.0.0.1:43695\nTransport:  transport-udp6            udp      0      0  [::1]:37093\n\nObjects found: 2\n';
    expect(parseTransports(transports)).toEqual([{ name: 'transport-tls', type: 'tls', bind: '127.0.0.1:43695' }, { name: 'transport-udp6', type: 'udp', bind: '[::1]:37093' }]);
    expect(parseTransports('No objects found.\n')).toEqual([]);
    expect(parseTransports(NO_COMMAND)).toBeNull();
    expect(parseUpdatesOnRefresh(' send_contact_status_on_update_registration : yes\n')).toBe(true);
    expect(parseUpdatesOnRefresh(' send_contact_status_on_update_registration : no\n')).toBe(false);
    expect(parseUpdatesOnRefresh(NO_COMMAND)).toBeNull();
    const modules = 'Module                         Description                              Use Count  Status      Support Level\nchan_pjsip.so                  PJSIP Channel Driver                     1          Running              core\nchan_sip.so                    Session Initiation Protocol (SIP)        0          Not Running          extended\n2 modules loaded\n';
    expect(parseRunningModules(modules)).toEqual(['chan_pjsip']);
    expect(parseRunningModules('')).toBeNull();
  });
});
