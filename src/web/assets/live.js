// Keeps runs in progress up to date: the server sends what changed, this puts it where it belongs.

const BARS = { done: 'donePercent', failed: 'failedPercent' };

/** Shows one state of a run in its element. */
function show(element, progress) {
  for (const place of element.querySelectorAll('[data-text]')) {
    const text = progress[place.dataset.text];
    if (place.textContent !== text) place.textContent = text;
    if (place.dataset.text === 'state') place.className = `state state-${text}`;
  }
  let x = 0;
  for (const bar of element.querySelectorAll('[data-bar]')) {
    const width = progress[BARS[bar.dataset.bar]];
    bar.setAttribute('x', String(x));
    bar.setAttribute('width', String(width));
    x += width;
  }
}

for (const element of document.querySelectorAll('[data-run-events]:not([data-over])')) {
  const events = new EventSource(element.dataset.runEvents);
  events.addEventListener('progress', (event) => show(element, JSON.parse(event.data)));
  events.addEventListener('over', (event) => {
    events.close();
    show(element, JSON.parse(event.data));
    for (const note of element.querySelectorAll('[data-when-over]')) note.hidden = false;
  });
}
