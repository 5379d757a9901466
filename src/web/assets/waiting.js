// Keeps a page that waits for a document up to date; once it is there, the same address holds it.

const LOOK_EVERY_MS = 1000;

async function look() {
  const response = await fetch(`${location.pathname}/state`, { headers: { accept: 'application/json' } });
  // The address has ended, or says why there is nothing: the page itself tells.
  if (!response.ok) return true;
  const { over, doing, step } = await response.json();
  const line = document.querySelector('[data-doing]');
  if (line !== null && line.textContent !== doing) line.textContent = doing;
  document.querySelector('[data-step]')?.setAttribute('width', String(step));
  return over;
}

async function follow() {
  // A look that fails on the way says nothing: the next one may come through.
  const over = await look().catch(() => false);
  if (over) location.reload();
  else setTimeout(() => void follow(), LOOK_EVERY_MS);
}

if (document.querySelector('[data-waiting]') !== null) void follow();
