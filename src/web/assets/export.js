/* Says how far a download is. The file itself goes from the server to the disk as without a script. */
/** Follows the downloads of the form in `root`; answers whether one is under way. */
window.followExport = (root) => {
  'use strict';

  const form = root.querySelector('form.export');
  const panel = root.querySelector('.downloading');

  const texts = JSON.parse(panel.dataset.texts);
  const [bar, numbers, outcome, cancel] = panel.querySelectorAll('progress, .numbers, .outcome, button');
  const ASK_MS = 500;
  /** A file may wait for the database before it has its first row. */
  const BEGIN_MS = 30_000;
  const language = document.documentElement.lang;
  const number = new Intl.NumberFormat(language);
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: panel.dataset.zone });

  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'download';
  form.append(field);

  /** Only the newest download of a page is spoken of. */
  let current = null;

  const fill = (text, values) => Object.entries(values).reduce((filled, [name, value]) => filled.replace(`{${name}}`, value), text);

  function show({ part = null, said = '', ended = null, running = true }) {
    panel.hidden = false;
    panel.className = `downloading ${ended ?? ''}`;
    bar.hidden = !running && ended !== 'broken';
    if (part === null && running) bar.removeAttribute('value');
    else if (part !== null) bar.value = part;
    numbers.textContent = running ? said : '';
    // Numbers that run are not read out; how it ended is.
    outcome.textContent = running ? '' : said;
    cancel.hidden = !running;
  }

  function report(download, { state, why, rows, of, part }) {
    const values = { rows: number.format(rows), total: of ? number.format(of.rows) : '' };
    if (state === 'running') show({ part, said: fill(of ? texts[of.kind] : texts.some, values) });
    else show({ part, running: false, ended: state, said: fill(state === 'done' ? texts.done : texts[why], values) });
    download.rows = rows;
  }

  async function follow(download) {
    const begun = Date.now();
    while (current === download) {
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      if (current !== download) return;
      try {
        const answer = await fetch(`/export/progress?download=${download.id}`, { headers: { accept: 'application/json' } });
        download.awaySince = null;
        if (answer.ok && !answer.redirected) {
          const progress = await answer.json();
          if (current !== download) return;
          report(download, progress);
          if (progress.state !== 'running') return;
        } else if (download.rows !== null) {
          return show({ running: false, ended: 'broken', said: fill(texts.lost, { rows: number.format(download.rows) }) });
        } else if (Date.now() - begun > BEGIN_MS) {
          return show({ running: false, said: texts.unknown });
        }
      } catch {
        download.awaySince ??= Date.now();
        show({ said: fill(texts.away, { time: clock.format(download.awaySince), rows: number.format(download.rows ?? 0) }) });
      }
    }
  }

  form.addEventListener('submit', () => {
    const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    field.value = id;
    current = { id, rows: null, awaySince: null };
    show({ said: texts.begin });
    panel.scrollIntoView({ block: 'nearest' });
    void follow(current);
  });

  cancel.addEventListener('click', () => {
    const body = new URLSearchParams({ _csrf: form.elements.namedItem('_csrf').value, download: current?.id ?? '' });
    void fetch('/export/cancel', { method: 'POST', body }).catch(() => undefined);
  });

  return () => !cancel.hidden && !panel.hidden;
};

if (document.querySelector('main form.export')) window.followExport(document);
