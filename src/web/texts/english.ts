/** English needs no translation but where one is said otherwise than many: a plain key is the form for many. */
export const ENGLISH: Readonly<Record<string, string>> = {
  '{{count}} events were left out_one': '{{count}} event was left out',
  '{{count}} events were left out of {{pbx}}_one': '{{count}} event was left out of {{pbx}}',
  'Recovered: {{count}} calls._one': 'Recovered: {{count}} call.',

  '{{count}} calls_one': '{{count}} call',
  '{{count}} rows_one': '{{count}} row',
  '{{count}} gaps_one': '{{count}} gap',
  '{{count}} attempts_one': '{{count}} attempt',
  '{{count}} addresses_one': '{{count}} address',
  '{{count}} names_one': '{{count}} name',
  'from {{count}} addresses_one': 'from {{count}} address',
  'and {{count}} more addresses_one': 'and {{count}} more address',
  '{{count}} accounts on line_one': '{{count}} account on line',
  'all {{count}} trunks are registered_one': 'the trunk is registered',
  '{{count}} trunks are not registered: {{names}}._one': 'A trunk is not registered: {{names}}.',
  'Not all is well: {{count}} things are in trouble._one': 'Not all is well: one thing is in trouble.',
  'Not all is well: {{count}} things are in trouble, {{more}} more to look at._one': 'Not all is well: one thing is in trouble, {{more}} more to look at.',
  'Everything works. {{count}} things are worth a look._one': 'Everything works. One thing is worth a look.',
  '{{count}} events of little value were left out because the spool was full._one': '{{count}} event of little value was left out because the spool was full.',
  '{{count}} events could not be translated or written._one': '{{count}} event could not be translated or written.',
  '{{count}} seconds_one': '{{count}} second',
};
