/* Opens the export's page as a dialog over its list. What cannot be shown so is shown as the page that it is. */
(() => {
  'use strict';

  const link = document.querySelector('.heading a[href^="/export?"]');
  if (!link || !window.followExport) return;

  const dialog = document.createElement('dialog');
  dialog.className = 'exporting';
  dialog.setAttribute('aria-labelledby', 'export-title');
  document.body.append(dialog);
  let isUnderWay = () => false;

  async function show(href) {
    dialog.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(href);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const main = page.querySelector('main');
      if (!answer.ok || !main?.querySelector('form.export')) throw new Error('no form');
      const heading = main.querySelector('.heading');
      const title = document.createElement('h2');
      title.id = 'export-title';
      title.tabIndex = -1;
      title.textContent = heading.querySelector('h1').textContent;
      const close = document.createElement('button');
      close.type = 'button';
      close.className = 'quiet';
      close.textContent = heading.querySelector('a').textContent;
      close.addEventListener('click', () => dialog.close());
      heading.replaceChildren(title, close);
      dialog.replaceChildren(...main.children);
      isUnderWay = window.followExport(dialog);
      if (!dialog.open) dialog.showModal();
      title.focus();
    } catch {
      location.href = href;
    } finally {
      dialog.removeAttribute('aria-busy');
    }
  }

  const isPlain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

  link.addEventListener('click', (event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    // What it says of a download stays until that is over.
    if (isUnderWay()) dialog.showModal();
    else void show(link.href);
  });

  // Legs or whole calls, and the defaults, are pages of the same form.
  dialog.addEventListener('click', (event) => {
    const to = event.target.closest('a[href^="/export?"]');
    // While a download is under way they open as pages, and it goes on.
    if (!to || !isPlain(event) || isUnderWay()) return;
    event.preventDefault();
    void show(to.href);
  });
})();
