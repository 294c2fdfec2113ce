/* Follows a list while it is read: new rows come by server-sent events, where they belong, and wait while the reader is further down or at work in the table. */
(() => {
  'use strict';

  const bar = document.getElementById('live');
  const rows = document.getElementById('rows');
  const { LiveTable } = window;
  if (!bar || !rows || !window.EventSource) return;

  const texts = JSON.parse(bar.dataset.texts);
  const limit = Number(bar.dataset.limit);
  const SILENT_MS = 35_000;
  const AGAIN_MS = 5_000;
  const HIDDEN_MS = 30_000;
  const POINTING_MS = 2_000;
  const CHANGED_MS = 4_000;
  const RECOUNT_MS = 30_000;
  const language = document.documentElement.lang;
  const number = new Intl.NumberFormat(language);
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: bar.dataset.zone });

  const table = new LiveTable(rows, limit);
  const [state, late] = bar.querySelectorAll('.state, .late');
  const pause = bar.querySelector('button');
  const news = document.createElement('div');
  const show = document.createElement('button');
  news.className = 'news';
  news.hidden = true;
  show.type = 'button';
  news.append(show);
  rows.before(news);

  let source = null;
  let place = bar.dataset.place;
  let heardAt = Date.now();
  /** 'begin', 'live', 'cut', 'trouble', 'signed-out' or 'too-many'; and since when. */
  let standing = 'begin';
  let since = 0;
  let paused = false;
  let pointedAt = 0;
  /** Rows that wait, by id, the newest that fit on a page; and how many came in all. */
  const waiting = new Map();
  let count = 0;
  let behind = false;
  let lateCount = 0;
  /** What is on the page is no longer so; and when to look at the earliest. */
  let stale = false;
  let staleBelow = false;
  /** When to ask how many rows the list has now; 0: it is known. */
  let recountAt = 0;
  let staleSince = 0;
  let lookAt = 0;
  let looking = false;
  const unheard = [];

  // What the page says of itself.

  const fill = (text, name, value) => text.replace(`{${name}}`, value);

  function say() {
    const words = { begin: texts.begin, live: paused ? texts.paused : texts.live, cut: texts.cut, trouble: texts.trouble, 'signed-out': texts.signedOut, 'too-many': texts.tooMany };
    const text = fill(words[standing], 'time', clock.format(since));
    if (state.textContent !== text || standing === 'signed-out') {
      state.textContent = text;
      if (standing === 'signed-out') {
        const link = document.createElement('a');
        link.href = location.href;
        link.textContent = texts.signIn;
        state.append(link);
      }
    }
    state.classList.toggle('on', standing === 'live' && !paused);
    state.classList.toggle('cut', !['live', 'begin'].includes(standing));
    pause.setAttribute('aria-pressed', String(paused));
    pause.hidden = standing === 'signed-out' || standing === 'too-many';
    late.textContent = lateCount === 0 ? '' : fill(lateCount === 1 ? texts.late.one : texts.late.other, 'count', number.format(lateCount));
    // What changed is shown by itself, but for a reader who does not let it.
    const hasChanged = stale && Date.now() - staleSince > CHANGED_MS;
    news.hidden = count === 0 && !hasChanged;
    show.textContent = count === 0 ? texts.changed : fill(behind ? texts.more : count === 1 ? texts.news.one : texts.news.other, 'count', number.format(count));
  }

  function stand(how, at = Date.now()) {
    if (standing !== how) since = at;
    standing = how;
    say();
  }

  // Where the reader is.

  const isScrolled = () => rows.getBoundingClientRect().top < -1;

  function isAtWork() {
    const focus = document.activeElement;
    const selection = getSelection();
    return (
      (rows.contains(focus) && !focus.classList.contains('scroll')) ||
      (!selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(rows)) ||
      rows.querySelector('details[open]') !== null ||
      Date.now() - pointedAt < POINTING_MS
    );
  }

  const isHeld = () => paused || isScrolled() || isAtWork();

  // What comes.

  /** `again`: rows that the list had before, and that are otherwise now. */
  function take({ count: came, again, html }) {
    if (table.isEmpty()) {
      stale = true;
      void look();
      return;
    }
    const fresh = table.parse(html);
    recountAt ||= Date.now() + RECOUNT_MS;
    const known = fresh.filter(({ dataset }) => table.has(dataset.id) || waiting.has(dataset.id));
    const below = fresh.filter((row) => !known.includes(row) && table.isFurtherDown(row));
    lateCount += below.filter(({ dataset }) => !again.includes(dataset.id)).length;
    for (const row of fresh) if (!below.includes(row)) waiting.set(row.dataset.id, row);
    if (!isHeld()) {
      release();
      return;
    }
    count += came - known.length - below.length;
    for (const row of table.sorted(waiting.values()).slice(limit)) waiting.delete(row.dataset.id);
    say();
  }

  function leave({ ids }) {
    for (const id of ids) {
      if (waiting.delete(id) && !table.has(id)) count = Math.max(0, count - 1);
      table.strike(id, texts.gone);
    }
    if (table.isStruck() && !isHeld()) release();
    else say();
  }

  /** Lets in what waits, and out what is no longer there. */
  function release() {
    if (behind || table.isStruck()) stale = true;
    table.dropStruck();
    for (const row of waiting.values()) table.put(row);
    waiting.clear();
    count = 0;
    behind = false;
    if (!table.trim()) stale = true;
    say();
    void look();
  }

  // Looking again at the page as a whole.

  /** `anyway`: the reader wants it, also while the page is held. */
  async function look(anyway = false) {
    const isFree = () => anyway || !(paused || isAtWork());
    if (!stale || looking || !isFree() || Date.now() < lookAt || document.hidden) return;
    looking = true;
    stale = false;
    try {
      const response = await fetch(bar.dataset.page);
      if (response.redirected && new URL(response.url).pathname !== location.pathname) return end('signed-out');
      const page = response.ok ? new DOMParser().parseFromString(await response.text(), 'text/html') : null;
      const fresh = page?.getElementById('rows');
      if (!fresh || !isFree()) stale = true;
      else if (!anyway && isScrolled() && !table.isEmpty()) {
        table.replaceInPlace(fresh);
        staleBelow = true;
      } else {
        table.replace(fresh);
        for (const part of document.querySelectorAll('[data-fresh]')) {
          const other = page.querySelector(`[data-fresh="${part.dataset.fresh}"]`);
          if (other) part.replaceWith(other);
        }
        waiting.clear();
        count = 0;
        behind = false;
      }
    } catch {
      stale = true;
    } finally {
      looking = false;
      // Also after a failure, so that nobody asks without a pause.
      lookAt = Date.now() + (stale ? AGAIN_MS : 1_000);
      for (const event of unheard.splice(0)) hear(event);
      say();
    }
  }

  // The stream.

  function hear(event) {
    // What is fetched may be older than what is said meanwhile.
    if (looking && ['rows', 'gone'].includes(event.type)) return void unheard.push(event);
    if (event.type === 'rows') take(JSON.parse(event.data));
    if (event.type === 'gone') leave(JSON.parse(event.data));
    if (event.type === 'behind') {
      behind = true;
      count += JSON.parse(event.data).count;
      if (isHeld()) say();
      else release();
    }
    if (event.type === 'changed') {
      if (!stale) staleSince = Date.now();
      stale = true;
      void look();
    }
    if (event.type === 'well' || event.type === 'trouble') stand(event.type === 'well' ? 'live' : 'trouble');
    if (event.type === 'end' && event.data !== 'again') end(event.data);
  }

  function end(reason) {
    source?.close();
    source = null;
    stand(reason);
  }

  const isOver = () => standing === 'signed-out' || standing === 'too-many';

  function connect() {
    source?.close();
    heardAt = Date.now();
    const { href } = bar.dataset;
    const own = new EventSource(`${href}${href.includes('?') ? '&' : '?'}place=${encodeURIComponent(place)}`);
    source = own;
    for (const kind of ['rows', 'gone', 'behind', 'changed', 'trouble', 'well', 'beat', 'end']) {
      own.addEventListener(kind, (event) => {
        if (source !== own) return;
        heardAt = Date.now();
        if (event.lastEventId !== '') place = event.lastEventId;
        hear(event);
      });
    }
    own.addEventListener('error', () => {
      if (source === own) stand('cut');
    });
  }

  /** A browser gives up after an answer that is no stream, and does not notice a line that is dead. */
  function watch() {
    if (isOver() || document.hidden) return;
    const silent = Date.now() - heardAt;
    const gaveUp = source === null || source.readyState === EventSource.CLOSED;
    if (silent > SILENT_MS) stand('cut', heardAt);
    if (silent > SILENT_MS || (gaveUp && silent > AGAIN_MS)) connect();
  }

  function tick() {
    watch();
    if (isHeld()) {
      if (stale) say();
      void look();
      return;
    }
    if (staleBelow || (recountAt !== 0 && Date.now() > recountAt)) {
      stale = true;
      staleBelow = false;
      recountAt = 0;
    }
    if (count > 0 || waiting.size > 0 || table.isStruck()) release();
    else void look();
  }

  pause.addEventListener('click', () => {
    paused = !paused;
    say();
    tick();
  });
  show.addEventListener('click', () => {
    if (isScrolled()) rows.scrollIntoView({ block: 'start' });
    release();
    void look(true);
    rows.querySelector('.scroll')?.focus({ preventScroll: true });
  });
  rows.addEventListener('pointermove', ({ pointerType }) => {
    if (pointerType === 'mouse') pointedAt = Date.now();
  });
  rows.addEventListener('pointerleave', () => {
    pointedAt = 0;
  });
  addEventListener('scroll', tick, { passive: true });

  // A page that nobody sees holds no connection: browsers have six for all pages of a host.
  let leaving = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(() => source?.close(), HIDDEN_MS);
    else if (!isOver() && (source === null || source.readyState === EventSource.CLOSED)) connect();
  });
  addEventListener('pagehide', () => source?.close());
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted && !isOver()) connect();
  });

  setInterval(tick, 1_000);
  bar.hidden = false;
  say();
  if (!document.hidden) connect();
})();
