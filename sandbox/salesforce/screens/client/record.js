// The record's page as Lightning Experience makes it of the package: the card beside the fields, the quick action behind its button.
import { createElement } from 'lwc';
import FieldnoteCard from 'c/fieldnoteCard';
import FieldnotePitch from 'c/fieldnotePitch';

const place = document.querySelector('#components');
const recordId = place.dataset.record;

const card = Object.assign(createElement('c-fieldnote-card', { is: FieldnoteCard }), { recordId });
const action = Object.assign(createElement('c-fieldnote-pitch', { is: FieldnotePitch }), { recordId });
place.append(card, action);

document.querySelector('#action').addEventListener('click', () => action.invoke());

document.addEventListener('lightning__showtoast', ({ detail }) => {
  const toast = document.createElement('p');
  toast.className = detail.variant;
  // "{0}" in a message stands for a link.
  const [before, after = ''] = detail.message.split('{0}');
  toast.append(`${detail.title}: ${before}`);
  for (const { url, label } of detail.messageData ?? []) {
    const link = Object.assign(document.createElement('a'), {
      href: url,
      textContent: label,
      target: '_blank',
    });
    toast.append(link, after);
  }
  document.querySelector('#toasts').replaceChildren(toast);
});

// The fields may have changed: read again, without a new page.
async function readFields() {
  const response = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  document.querySelector('dl').replaceWith(fresh.querySelector('dl'));
}
document.addEventListener('record-changed', () => void readFields());
