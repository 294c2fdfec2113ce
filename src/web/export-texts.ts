import type { Language } from './language.js';

/** What the script says of a download; `{rows}`, `{total}` and `{time}` are for it to fill in. */
export function progressTexts({ t }: Language) {
  const rows = '{rows}';
  const total = '{total}';
  return {
    begin: t('The file is being made.'),
    exact: t('{{rows}} of {{total}} rows', { rows, total }),
    about: t('{{rows}} of about {{total}} rows', { rows, total }),
    'more than': t('{{rows}} of more than {{total}} rows', { rows, total }),
    some: t('{{rows}} rows so far', { rows }),
    done: t('Done. Rows: {{rows}}', { rows }),
    failed: t('Broken off after {{rows}} rows: Logbook could not go on. The file is not whole; download it again.', { rows }),
    gone: t('Broken off after {{rows}} rows: the browser gave up, or the line to it broke. The file is not whole; download it again.', { rows }),
    cancelled: t('Cancelled after {{rows}} rows. What the browser has of the file is not whole.', { rows }),
    away: t('Logbook cannot be reached since {{time}}; until then {{rows}} rows had come.', { time: '{time}', rows }),
    lost: t('Broken off after {{rows}} rows: Logbook was started anew. The file is not whole; download it again.', { rows }),
    unknown: t('The download has begun. Nothing is known here of how far it is.'),
  };
}
