/* Draws each chart of the overview from the table behind it, and looks again every minute. Uses Chart.js. */
(() => {
  'use strict';

  const { Chart } = window;
  Chart.defaults.locale = document.documentElement.lang;
  const LOOK_EVERY_MS = 60_000;
  const charts = [];
  const texts = JSON.parse(document.querySelector('.overview').dataset.texts);
  const dark = matchMedia('(prefers-color-scheme: dark)');

  /** The colours and the type of the style sheet, as they are now. */
  function theme() {
    const style = getComputedStyle(document.documentElement);
    return { colour: (name) => style.getPropertyValue(`--${name}`).trim(), font: getComputedStyle(document.body).fontFamily };
  }

  /** A duration with its seconds. */
  function saidIn(cell) {
    const title = cell.querySelector('time')?.title;
    return cell.textContent.trim() + (title ? ` (${title})` : '');
  }

  /** What a table holds: the rows as the reader sees them, and the values that are drawn. */
  function readTable(table) {
    const rows = [...table.tBodies[0].rows].map((row) => ({
      from: Number(row.dataset.from),
      to: Number(row.dataset.to),
      tick: row.dataset.tick,
      running: row.classList.contains('running'),
      title: row.cells[0].textContent.replace(/\s+/g, ' ').trim(),
      said: new Map([...row.cells].slice(2).map((cell, index) => [index, saidIn(cell)])),
    }));
    const heads = [...table.tHead.rows[0].cells].slice(2).map((cell, index) => ({ index, key: cell.dataset.key ?? null, title: cell.textContent.trim() }));
    const values = (key) =>
      [...table.tBodies[0].rows].map((row) => {
        const { value } = row.querySelector(`[data-key="${key}"]`).dataset;
        return value === '' ? null : Number(value);
      });
    return { rows, heads, values };
  }

  /** Hatches what is not known: exactly where it lies, also inside an hour. */
  const unknownTimes = {
    id: 'unknownTimes',
    beforeDatasetsDraw(chart, _args, { rows, times, colour }) {
      const { ctx, chartArea } = chart;
      if (!times || times.length === 0 || rows.length === 0) return;
      const step = chartArea.width / rows.length;
      const place = (at) => {
        const index = rows.findIndex((row) => at < row.to);
        if (index < 0) return chartArea.right;
        const { from, to } = rows[index];
        return chartArea.left + step * (index + Math.max(0, at - from) / (to - from));
      };
      ctx.save();
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.5;
      for (const [from, to] of times) {
        const left = place(from);
        const width = Math.max(place(to) - left, 2);
        ctx.save();
        ctx.beginPath();
        ctx.rect(left, chartArea.top, width, chartArea.height);
        ctx.clip();
        ctx.beginPath();
        // On one grid, so that neighbouring times do not look like two.
        for (let x = Math.floor((left - chartArea.height) / 6) * 6; x < left + width; x += 6) {
          ctx.moveTo(x, chartArea.bottom);
          ctx.lineTo(x + chartArea.height, chartArea.top);
        }
        ctx.stroke();
        ctx.restore();
      }
      ctx.restore();
    },
  };

  function bars(key, { rows, values }, { colour }, stack) {
    const whole = colour(key);
    const part = Chart.helpers.color(whole).alpha(0.55).rgbString();
    return {
      type: 'bar',
      key,
      stack,
      data: values(key),
      // An hour that still runs has not all of its calls yet.
      backgroundColor: rows.map(({ running }) => (running ? part : whole)),
      borderColor: colour('surface'),
      borderWidth: rows.length > 100 ? 0 : { top: stack ? 1 : 0 },
      borderSkipped: false,
      categoryPercentage: 1,
      barPercentage: rows.length > 100 ? 0.94 : 0.8,
    };
  }

  function line(key, { values }, { colour }, more) {
    const data = values(key);
    const alone = data.map((value, index) => (value !== null && (data[index - 1] ?? null) === null && (data[index + 1] ?? null) === null ? 3 : 0));
    return { type: 'line', key, data, stepped: 'middle', borderColor: colour(key), backgroundColor: colour('band'), borderWidth: 2, pointRadius: alone, pointBackgroundColor: colour(key), spanGaps: false, ...more };
  }

  /** So many seconds between two lines, that a clock has words for. */
  function clockStep(values) {
    const most = Math.max(60, ...values);
    return [30, 60, 120, 300, 600, 1_200, 1_800, 3_600].find((step) => most / step <= 5) ?? 7_200;
  }

  const duration = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;

  /** Few of many that drop out should show, so the axis need not begin at zero; but below it there is nothing. */
  function countAxis(values) {
    const known = values.filter((value) => value !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const margin = Math.max(1, (high - low) * 0.12);
    return low - margin <= 0 ? { min: 0, suggestedMax: high + margin } : { suggestedMin: low - margin, suggestedMax: high + margin };
  }

  const KINDS = {
    calls: {
      axis: () => ({ beginAtZero: true, suggestedMax: 4 }),
      datasets: (table, look) => table.heads.filter(({ key }) => key !== null).map(({ key }) => bars(key, table, look, 'calls')),
      blanks: true,
    },
    accounts: {
      axis: ({ values }) => countAxis([...values('most'), ...values('fewest')]),
      datasets: (table, look) => [line('most', table, look, {}), line('fewest', table, look, { borderDash: table.rows.length > 48 ? [] : [4, 3], borderWidth: 1.25, fill: '-1' })],
      blanks: true,
    },
    asr: {
      axis: () => ({ min: 0, max: 100, ticks: { stepSize: 25, callback: (value) => `${value} %` } }),
      datasets: (table, look) => [bars('asr', table, look)],
    },
    acd: {
      axis: ({ values }) => ({ beginAtZero: true, suggestedMax: 60, ticks: { stepSize: clockStep(values('acd')), callback: duration } }),
      datasets: (table, look) => [bars('acd', table, look)],
    },
  };

  function draw(plot) {
    const kind = KINDS[plot.dataset.chart];
    const table = readTable(document.getElementById(plot.dataset.table));
    const times = kind.blanks ? JSON.parse(plot.closest('[data-unknown]').dataset.unknown) : [];
    const look = theme();
    const { colour, font } = look;
    const { rows, heads } = table;
    const axis = kind.axis(table);
    const text = { color: colour('quiet'), font: { family: font, size: 11 } };
    const canvas = document.createElement('canvas');
    plot.replaceChildren(canvas);
    return new Chart(canvas, {
      data: { labels: rows.map(({ title }) => title), datasets: kind.datasets(table, look) },
      plugins: [unknownTimes],
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: 'index', intersect: false },
        layout: { padding: { top: 4 } },
        scales: {
          x: {
            stacked: true,
            offset: true,
            grid: { display: false },
            border: { color: colour('line-strong') },
            ticks: { ...text, autoSkip: true, autoSkipPadding: 10, maxRotation: 0, callback: (index) => rows[index].tick },
            // Only where the table has a word for it, so that what is skipped leaves the others at even distances.
            afterBuildTicks: (axis) => {
              axis.ticks = axis.ticks.filter(({ value }) => rows[value].tick !== '');
            },
          },
          y: { ...axis, stacked: plot.dataset.chart === 'calls', border: { display: false }, grid: { color: colour('line') }, ticks: { ...text, precision: 0, maxTicksLimit: 6, ...axis.ticks } },
        },
        plugins: {
          legend: { display: false },
          unknownTimes: { rows, times, colour: colour('unheard') },
          tooltip: {
            backgroundColor: colour('ink'),
            titleColor: colour('surface'),
            bodyColor: colour('surface'),
            titleFont: { family: font, size: 12 },
            bodyFont: { family: font, size: 12 },
            padding: 10,
            displayColors: false,
            callbacks: {
              title: ([item]) => (item ? rows[item.dataIndex].title : ''),
              // All that the row of the table says, once.
              label: ({ datasetIndex, dataIndex }) => (datasetIndex > 0 ? [] : heads.map(({ index, title }) => `${title}: ${rows[dataIndex].said.get(index)}`)),
            },
          },
        },
      },
    });
  }

  function drawAll() {
    for (const chart of charts.splice(0)) chart.destroy();
    for (const plot of document.querySelectorAll('.plot')) charts.push(draw(plot));
  }

  /** Puts what the server says now in the place of what it said before; open tables stay open, and where they were scrolled to. */
  function replace(fresh) {
    const page = document.querySelector('.overview');
    const open = new Map([...page.querySelectorAll('details[open]')].map((details) => [details.id, details.querySelector('.scroll').scrollTop]));
    for (const [id] of open) fresh.querySelector(`#${id}`)?.setAttribute('open', '');
    const parts = [...fresh.children];
    const verdict = page.querySelector('.verdict');
    // A screen reader reads the verdict again whenever it is put there anew.
    if (verdict.textContent === parts[1].textContent && verdict.className === parts[1].className) parts[1] = verdict;
    parts[0].append(live);
    page.replaceChildren(...parts);
    for (const [id, top] of open) {
      const scroll = document.querySelector(`#${id} .scroll`);
      if (scroll) scroll.scrollTop = top;
    }
    drawAll();
  }

  const live = document.createElement('p');
  const state = document.createElement('span');
  const pause = document.createElement('button');
  live.className = 'live';
  state.setAttribute('role', 'status');
  pause.type = 'button';
  pause.className = 'quiet';
  live.append(state, pause);
  let paused = false;
  let lookedAt = Date.now();
  let looking = false;

  function say(words, cut) {
    state.textContent = words;
    state.classList.toggle('cut', cut === true);
    pause.textContent = paused ? texts.goOn : texts.pause;
  }

  const running = () => say(paused ? texts.paused : texts.looks);

  /** Somebody reads or walks through the page just now; it must not change beneath. */
  const inUse = () => (document.activeElement !== pause && document.querySelector('.overview').contains(document.activeElement)) || !getSelection().isCollapsed;

  async function look() {
    if (paused || looking || document.hidden || inUse() || Date.now() - lookedAt < LOOK_EVERY_MS) return;
    looking = true;
    lookedAt = Date.now();
    try {
      const response = await fetch(location.href);
      const fresh = response.ok ? new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('.overview') : null;
      if (response.redirected) say(texts.signedOut, true);
      else if (fresh === null) say(texts.noAnswer, true);
      else if (!inUse()) {
        replace(fresh);
        running();
      }
    } catch {
      say(texts.away, true);
    } finally {
      looking = false;
    }
  }

  pause.addEventListener('click', () => {
    paused = !paused;
    running();
    void look();
  });
  document.addEventListener('visibilitychange', () => void look());
  dark.addEventListener('change', drawAll);
  setInterval(() => void look(), 1_000);

  document.querySelector('.overview .heading').append(live);
  running();
  drawAll();
})();
