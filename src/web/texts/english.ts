/** English needs no translation but where one is said otherwise than many: a plain key is the form for many. */
export const ENGLISH: Readonly<Record<string, string>> = {
  '{{count}} events were left out_one': '{{count}} event was left out',
  '{{count}} events were left out of {{pbx}}_one': '{{count}} event was left out of {{pbx}}',
  'Recovered: {{count}} calls._one': 'Recovered: {{count}} call.',
  '{{count}} more legs:_one': 'One more leg:',
  'What {{accounts}} did around the call: {{count}} events._one': 'What {{accounts}} did around the call: {{count}} event.',
  '{{count}} flaps_one': '{{count}} flap',
  'lost and back within {{duration}}; lost {{count}} times in all_one': 'lost and back within {{duration}}; lost {{count}} time in all',
  'Its registration was lost {{count}} times._one': 'Its registration was lost {{count}} time.',
  '{{count}} more addresses._one': '{{count}} more address.',
};
