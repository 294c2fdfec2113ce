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

  /** Rows as the server writes them; each still has beneath it what folds out there. */
  parse(html) {
    const template = document.createElement('template');
    template.innerHTML = html;
    return [...template.content.children].filter(({ dataset }) => dataset.id !== undefined);
  }

  /** A row, and what folds out beneath it. */
  static #whole(row) {
    const beneath = row.nextElementSibling;
    return beneath?.classList.contains('beneath') ? [row, beneath] : [row];
  }

  /** Newest first. A line about a gap stands below a row of the very instant at which it ended. */
  static #isAbove(one, other) {
    const [at, otherAt] = [Number(one.dataset.at), Number(other.dataset.at)];
    const tie = ({ dataset }) => Number(dataset.tie ?? dataset.id ?? -1);
    return at > otherAt || (at === otherAt && tie(one) > tie(other));
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
    if (own?.dataset.at === row.dataset.at) {
      this.#change(own, row);
      return;
    }
    // What began earlier than was known moves.
    if (own) LiveTable.#remove(own);
    const parts = LiveTable.#whole(row);
    row.classList.add('new');
    const below = [...body.rows].find((other) => LiveTable.#isAbove(row, other)) ?? null;
    for (const part of parts) body.insertBefore(part, below);
  }

  /** The row becomes what it is now, where it stands. */
  #change(own, row) {
    if (LiveTable.#textOf(own) === LiveTable.#textOf(row)) return;
    const parts = LiveTable.#whole(row);
    for (const beneath of LiveTable.#whole(own).slice(1)) beneath.remove();
    own.replaceWith(...parts);
  }

  static #remove(row) {
    for (const part of LiveTable.#whole(row)) part.remove();
  }

  /** The row stays where it is, so that nothing moves, and says what became of it. */
  strike(id, text) {
    const own = this.#rowOf(id);
    if (!own || own.classList.contains('gone')) return;
    own.classList.remove('new');
    own.classList.add('gone');
    own.title = text;
    const said = document.createElement('span');
    said.className = 'unseen';
    said.textContent = ` (${text})`;
    own.cells[0]?.append(said);
  }

  isStruck() {
    return this.#records.some((row) => row.classList.contains('gone'));
  }

  dropStruck() {
    for (const row of this.#records) if (row.classList.contains('gone')) LiveTable.#remove(row);
  }

  /** As the server wrote it. */
  static #textOf(row) {
    return LiveTable.#whole(row).map((part) => part.outerHTML.replace(' class="new"', '')).join('');
  }

  /**
   * The page holds what it would hold if it were loaded now, and the next page begins where it ends. False when there
   * was no next page before, so that the page itself must be asked for the way there.
   */
  trim() {
    const own = this.#records;
    if (own.length <= this.#limit) return true;
    const last = own[this.#limit - 1];
    const end = LiveTable.#whole(last).at(-1);
    while (end.nextElementSibling) end.nextElementSibling.remove();
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
    const all = [...body.rows].filter((row) => !row.classList.contains('beneath')).flatMap((row) => {
      const same = own.get(row.dataset.id);
      if (same && LiveTable.#textOf(same) === LiveTable.#textOf(row)) return LiveTable.#whole(same);
      if (row.dataset.id !== undefined) row.classList.add('new');
      return LiveTable.#whole(row);
    });
    this.#body.replaceChildren(...all);
  }

  /** Rows change where they stand, and none comes or goes. */
  replaceInPlace(fresh) {
    for (const row of fresh.querySelectorAll('tr[data-id]')) {
      const own = this.#rowOf(row.dataset.id);
      if (own) this.#change(own, row);
    }
  }
};
