import type { Knex } from 'knex';
import { NotFoundError } from '../errors.js';
import { readDeadLetters, type StoredDeadLetter } from '../logs/dead-letter/store.js';
import { timeText, type TimeText } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { idOf } from './id-of.js';
import type { ReaderZone } from './zone.js';

/** All that the page of a dead letter shows. */
export interface LetterView {
  readonly id: number;
  readonly name: string;
  readonly stage: string;
  readonly pbx: string;
  readonly reason: string;
  readonly at: TimeText | null;
  readonly tries: number;
  readonly triedAt: TimeText | null;
  readonly content: string;
  /** The content is longer than what is shown. */
  readonly cut: boolean;
}

const SHOWN = 20_000;

/** Throws NotFoundError when there is none of that id. */
export async function letterOf(knex: Knex, id: string): Promise<StoredDeadLetter> {
  const [letter] = await readDeadLetters(knex, { ids: [idOf('dead letter', id)] });
  if (!letter) throw new NotFoundError(`no dead letter ${id}`);
  return letter;
}

export function letterView(letter: StoredDeadLetter, zone: ReaderZone, { t, said }: Language): LetterView {
  const time = (at: number | null): TimeText | null => (at === null || at === 0 ? null : timeText(at, zone, { type: 'instant', optional: true }));
  const content = indented(letter.content);
  return {
    id: letter.id,
    name: visible(letter.name),
    stage: letter.stage === 'event' ? t('an event that could not be translated') : t('a row that the database refused'),
    pbx: visible(letter.pbx),
    reason: visible(said(letter.reason)),
    at: time(letter.at),
    tries: letter.tries ?? 0,
    triedAt: time(letter.triedAt),
    content: content.slice(0, SHOWN).split('\n').map(visible).join('\n'),
    cut: content.length > SHOWN,
  };
}

/** JSON as people read it; anything else as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).replaceAll(/\[\n\s+("[^"\n]*"),\n\s+("[^\n]*")\n\s+\]/g, '[$1, $2]');
  } catch {
    return text;
  }
}
