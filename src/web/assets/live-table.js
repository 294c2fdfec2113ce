/* The rows of a list that is followed: each in its place, and no more of them than the page has room for. */
window.LiveTable = class LiveTable {
  #rows;
  #limit;

  /** `rows` holds the table, or what stands there while there is none. */
  constructor(rows, limit) {
    this.#rows = rows;
    this.#limit = limit;
  }

  get #body() {
    return this.#rows.querySelector('tbody');
  }

  /** Without the lines about gaps. */
  get #records() {
    return [...(this.#body?.rows ?? [])].filter(({ dataset }) => dataset.id !== undefined);
  }

  isEmpty() {
    return this.#body === null;
  }

  has(id) {
    return this.#rowOf(id) !== null;
  }

  #rowOf(id) {
    return this.#body?.querySelector(`tr[data-id="${CSS.escape(id)}"]`) ?? null;
  }

  /** Rows as the server writes them. */
  parse(html) {
    const template = document.createElement('template');
    template.innerHTML = html;
    return [...template.content.querySelectorAll('tr')];
  }

  /** Newest first. A line about a gap stands below a row of the very instant at which it ended. */
  static #isAbove(one, other) {
    const [at, otherAt] = [Number(one.dataset.at), Number(other.dataset.at)];
    return at > otherAt || (at === otherAt && Number(one.dataset.id ?? -1) > Number(other.dataset.id ?? -1));
  }

  sorted(rows) {
    return [...rows].sort((one, other) => (LiveTable.#isAbove(one, other) ? -1 : 1));
  }

  /** Below the last row of a full page is the next page. */
  isFurtherDown(row) {
    const own = this.#records;
    return own.length >= this.#limit && LiveTable.#isAbove(own.at(-1), row);
  }

  put(row) {
    const body = this.#body;
    if (!body) return;
    const own = this.#rowOf(row.dataset.id);
    if (own) {
      if (LiveTable.#textOf(own) !== row.outerHTML) own.replaceWith(row);
      return;
    }
    row.classList.add('new');
    body.insertBefore(row, [...body.rows].find((other) => LiveTable.#isAbove(row, other)) ?? null);
  }

  /** As the server wrote it. */
  static #textOf(row) {
    return row.outerHTML.replace(' class="new"', '');
  }

  /**
   * The page holds what it would hold if it were loaded now, and the next page begins where it ends. False when there
   * was no next page before, so that the page itself must be asked for the way there.
   */
  trim() {
    const own = this.#records;
    if (own.length <= this.#limit) return true;
    const last = own[this.#limit - 1];
    while (last.nextElementSibling) last.nextElementSibling.remove();
    const next = document.querySelector('.pages a[rel~="next"]');
    if (!next) return false;
    const href = new URL(next.href);
    href.searchParams.set('cursor', last.dataset.cursor);
    next.href = href.pathname + href.search;
    return true;
  }

  /** All that the server shows now; rows that are as they were stay the same nodes. */
  replace(fresh) {
    const body = fresh.querySelector('tbody');
    if (!body || !this.#body) {
      this.#rows.replaceChildren(...fresh.childNodes);
      return;
    }
    const own = new Map(this.#records.map((row) => [row.dataset.id, row]));
    const all = [...body.rows].map((row) => {
      const same = own.get(row.dataset.id);
      if (same && LiveTable.#textOf(same) === row.outerHTML) return same;
      if (row.dataset.id !== undefined) row.classList.add('new');
      return row;
    });
    this.#body.replaceChildren(...all);
  }

  /** Rows change where they stand, and none comes or goes. */
  replaceInPlace(fresh) {
    for (const row of fresh.querySelectorAll('tr[data-id]')) {
      const own = this.#rowOf(row.dataset.id);
      if (own && LiveTable.#textOf(own) !== row.outerHTML) own.replaceWith(row);
    }
  }
};
