import { within, without } from '../logs/statistics/spans.js';
import type { AccountHistory } from './account-history.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { barEntry, clockTicks, scaleOf, type Bar, type Lane, type Scale, type Timeline } from './timeline.js';
import type { ReaderZone } from './zone.js';

/** When an account was registered. */
export function presenceTimeline(history: AccountHistory, zone: ReaderZone, language: Language): Timeline {
  const { t, percent } = language;
  const { presence, range, figures, rangeName, username } = history;
  const scale = scaleOf(range);
  const unknown = within(presence.unknown, range);
  const losses = presence.losses.filter(({ at }) => at >= range.from).length;
  const { onLine } = figures[rangeName];
  const lanes: Lane[] = [{ title: visible(username), note: '', bars: barsOf(history, scale), marks: [] }];
  return {
    label: [
      onLine === null ? t('Nothing is known of when {{name}} was on line.', { name: visible(username) }) : t('{{name}} was on line for {{share}} of the time that is known.', { name: visible(username), share: percent(onLine) }),
      t('Its registration was lost {{count}} times.', { count: losses }),
    ].join(' '),
    ticks: clockTicks(scale, zone, language),
    lanes,
    legend: [barEntry('online', t('On line')), barEntry('offline', t('Off line')), ...(unknown.length > 0 ? [barEntry('unheard', t('Not known: the PBX was not heard'))] : [])],
  };
}

function barsOf({ presence, range }: AccountHistory, scale: Scale): Bar[] {
  const known = without(range, presence.unknown);
  const onLine = known.flatMap((span) => within(presence.onLine, span));
  const offLine = known.flatMap((span) => without(span, presence.onLine));
  return [...scale.bars('online', onLine), ...scale.bars('offline', offLine), ...scale.bars('unheard', within(presence.unknown, range))];
}
