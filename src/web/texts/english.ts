/** English needs no translation but where one is said otherwise than many: a plain key is the form for many. */
export const ENGLISH: Readonly<Record<string, string>> = {
  '{{count}} events were left out_one': '{{count}} event was left out',
  '{{count}} events were left out of {{pbx}}_one': '{{count}} event was left out of {{pbx}}',
  'Recovered: {{count}} calls._one': 'Recovered: {{count}} call.',
  '{{count}} rows_one': '{{count}} row',
  '{{count}} seconds_one': '{{count}} second',
};
