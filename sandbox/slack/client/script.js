'use strict';
// The page of the Slack twin: sends what a person does to the twin, and draws anew what the twin says has changed.

const slack = document.querySelector('.slack');
const main = document.querySelector('#main');
const dialog = document.querySelector('#modal');
const composer = document.querySelector('#composer');
const toast = document.querySelector('#toast');
const { team, user, channel, tab } = slack.dataset;
let replyTo = null;

function say(words) {
  toast.textContent = words;
  toast.hidden = words === '';
  if (words !== '') setTimeout(() => (toast.hidden = true), 6000);
}

async function act(body) {
  const response = await fetch('/_twin/edit', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ as: user, team, ...body }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const attempt = (work) => work().catch((error) => say(error.message));

async function draw() {
  const place = new URLSearchParams({ team, user, channel, tab });
  const response = await fetch(`/client/part?${place}`);
  if (!response.ok) return;
  const part = await response.json();
  const atEnd = main.scrollHeight - main.scrollTop - main.clientHeight < 80;
  // A menu that someone is in the middle of must not be swept away.
  if (!main.contains(document.activeElement) || document.activeElement.tagName === 'BUTTON')
    main.innerHTML = part.main;
  if (atEnd) main.scrollTop = main.scrollHeight;
  const open = document.createElement('template');
  open.innerHTML = part.modal;
  const now = open.content.querySelector('[data-modal]');
  const shown = dialog.querySelector('[data-modal]');
  if (now === null) {
    dialog.replaceChildren();
    if (dialog.open) dialog.close();
  } else {
    if (shown === null || part.modal !== dialog.dataset.drawn) dialog.replaceChildren(now);
    dialog.dataset.drawn = part.modal;
    if (!dialog.open) dialog.showModal();
  }
}

/** What the inputs of a view hold, by BLOCK.ACTION. */
function readValues(view) {
  const values = {};
  for (const element of view.querySelectorAll('[data-action]'))
    if (element.tagName !== 'BUTTON')
      values[`${element.dataset.block}.${element.dataset.action}`] = readChoice(element);
  return values;
}

function readChoice(element) {
  const { type } = element.dataset;
  if (type === 'checkboxes') return [...element.querySelectorAll(':checked')].map((box) => box.value);
  if (type === 'radio_buttons') return element.querySelector(':checked')?.value ?? null;
  if (element.multiple) return [...element.selectedOptions].map((option) => option.value);
  return element.value === '' ? null : element.value;
}

function use(element) {
  const { action, block, confirm: question, url } = element.dataset;
  if (question && !window.confirm(question)) return;
  if (url) window.open(url, '_blank', 'noopener');
  const view = element.closest('[data-view]');
  const choice = element.tagName === 'BUTTON' ? null : readChoice(element);
  const what = { action_id: action, block_id: block, choice };
  attempt(() =>
    view === null
      ? act({ operation: 'click', channel, ts: element.closest('[data-ts]').dataset.ts, ...what })
      : act({ operation: 'click in view', ...what, values: readValues(view) }),
  );
}

document.addEventListener('click', (event) => {
  const { target } = event;
  if (target.closest('[data-close]')) attempt(() => act({ operation: 'close' }));
  const button = target.closest('button[data-action]');
  if (button) use(button);
  const shortcut = target.closest('[data-shortcut]');
  if (shortcut) {
    const { ts } = shortcut.closest('[data-ts]').dataset;
    attempt(() => act({ operation: 'shortcut', callback_id: shortcut.dataset.shortcut, channel, ts }));
  }
  if (target.closest('[data-reply]')) {
    replyTo = target.closest('[data-ts]').dataset.ts;
    composer.querySelector('.replying').hidden = false;
    composer.elements.text.focus();
  }
  if (target.closest('.replying button')) stopReplying();
});

document.addEventListener('change', (event) => {
  const form = event.target.closest('[data-auto]');
  if (form) form.submit();
  const element = event.target.closest('[data-live="yes"]');
  if (element && element.tagName !== 'BUTTON') use(element);
});

document.addEventListener('input', (event) => {
  const element = event.target;
  if (!element.list || element.dataset.action === undefined) return;
  const inMessage = element.closest('[data-ts]');
  const where = inMessage === null ? {} : { channel, ts: inMessage.dataset.ts };
  const { action: action_id, block: block_id } = element.dataset;
  attempt(async () => {
    const { answer } = await act({
      operation: 'suggest',
      action_id,
      block_id,
      text: element.value,
      ...where,
    });
    const options = answer?.options ?? (answer?.option_groups ?? []).flatMap((group) => group.options);
    element.list.replaceChildren(...options.map(({ text, value }) => new Option(text.text, value)));
  });
});

document.addEventListener('submit', (event) => {
  const view = event.target.closest('[data-modal]');
  if (view === null) return;
  event.preventDefault();
  attempt(async () => {
    const { errors, trouble } = await act({ operation: 'submit', values: readValues(view) });
    for (const old of view.querySelectorAll('.error:not([data-trouble])')) old.remove();
    view.querySelector('[data-trouble]').textContent = trouble ?? '';
    for (const [block, words] of Object.entries(errors)) {
      const line = Object.assign(document.createElement('p'), { className: 'error', textContent: words });
      view.querySelector(`[data-block="${CSS.escape(block)}"]`)?.after(line);
    }
  });
});

dialog.addEventListener('cancel', (event) => {
  event.preventDefault();
  attempt(() => act({ operation: 'close' }));
});

function stopReplying() {
  replyTo = null;
  composer.querySelector('.replying').hidden = true;
}

composer?.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = composer.elements.text.value.trim();
  if (text === '') return;
  composer.elements.text.value = '';
  main.scrollTop = main.scrollHeight;
  const thread_ts = replyTo ?? undefined;
  stopReplying();
  attempt(() =>
    text.startsWith('/')
      ? act({ operation: 'command', channel, text })
      : act({ operation: 'say', channel, text, thread_ts }),
  );
});

new EventSource('/client/changes').addEventListener('message', () => void draw());
if (tab === 'home') attempt(() => act({ operation: 'open home' }));
main.scrollTop = main.scrollHeight;
if (dialog.querySelector('[data-modal]')) dialog.showModal();
