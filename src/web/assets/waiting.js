// Keeps a page that waits for a document up to date; once it is there, the same address holds it, or the one that the page names.

const LOOK_EVERY_MS = 1000;

async function look(element) {
  const address = element.dataset.waiting || `${location.pathname}/state`;
  const response = await fetch(address, { headers: { accept: 'application/json' } });
  // The address has ended, or says why there is nothing: the page itself tells.
  if (!response.ok) return true;
  const { over, doing, step } = await response.json();
  const line = element.querySelector('[data-doing]');
  if (line !== null && line.textContent !== doing) line.textContent = doing;
  element.querySelector('[data-step]')?.setAttribute('width', String(step));
  return over;
}

/** Has somebody typed or chosen something that is not stored? */
function isTyped() {
  return [...document.querySelectorAll('textarea, input:not([type=hidden]), select')].some((field) =>
    field.localName === 'select' ? isChosen(field) : field.value !== field.defaultValue,
  );
}

function isChosen(field) {
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(0, first);
}

function end(element) {
  const note = element.querySelector('[data-when-over]');
  if (note !== null && isTyped()) note.hidden = false;
  else if (element.dataset.then) location.assign(element.dataset.then);
  else location.reload();
}

async function follow(element) {
  // A look that fails on the way says nothing: the next one may come through.
  const over = await look(element).catch(() => false);
  if (over) end(element);
  else setTimeout(() => void follow(element), LOOK_EVERY_MS);
}

for (const element of document.querySelectorAll('[data-waiting]')) void follow(element);
