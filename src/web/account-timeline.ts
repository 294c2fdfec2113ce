import { within, without } from '../logs/statistics/spans.js';
import type { AccountHistory } from './account-history.js';
import { visible } from './display-text.js';
import { many, percent } from './overview-text.js';
import { barEntry, clockTicks, scaleOf, type Bar, type Lane, type Scale, type Timeline } from './timeline.js';
import type { ReaderZone } from './zone.js';

/** When an account was registered; seven days as a lane each, one day as one lane. */
export function presenceTimeline(history: AccountHistory, zone: ReaderZone): Timeline {
  const { presence, range, figures, rangeName, username } = history;
  const scale = scaleOf(range);
  const unknown = within(presence.unknown, range);
  const losses = presence.losses.filter(({ at }) => at >= range.from).length;
  const { onLine } = figures[rangeName];
  const lanes: Lane[] = [{ title: visible(username), note: '', bars: barsOf(history, scale), marks: [] }];
  return {
    label: `${visible(username)} was on line ${onLine === null ? 'for a time that is not known' : `${percent(onLine)} of the time that is known`}, with ${many(losses, 'loss', 'losses')} of its registration. The table that follows has them.`,
    ticks: clockTicks(scale, zone),
    lanes,
    legend: [barEntry('online', 'On line'), barEntry('offline', 'Off line'), ...(unknown.length > 0 ? [barEntry('unheard', 'Not known: the PBX was not heard')] : [])],
  };
}

function barsOf({ presence, range }: AccountHistory, scale: Scale): Bar[] {
  const known = without(range, presence.unknown);
  const onLine = known.flatMap((span) => within(presence.onLine, span));
  const offLine = known.flatMap((span) => without(span, presence.onLine));
  return [...scale.bars('offline', offLine), ...scale.bars('online', onLine), ...scale.bars('unheard', within(presence.unknown, range))];
}
