import assert from 'node:assert/strict';
import test from 'node:test';
import { parseHTML } from 'linkedom';
import { IMANI, RENATA, button, section, startSlack } from './start.ts';
import type { TestSlack } from './start.ts';

/** What a person sees at an address of the twin's page. */
async function look(
  slack: TestSlack,
  as: string,
  place: Record<string, string> = {},
): Promise<ReturnType<typeof parseHTML>['document']> {
  const query = new URLSearchParams({ user: slack.user(as), channel: 'sales', ...place });
  const response = await fetch(`${slack.twin.url}/?${query.toString()}`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  return parseHTML(await response.text()).document;
}

test('the page shows a conversation as the person sees it: blocks, threads, files, and what is meant for them alone', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: 'Acme' } },
    section('*87* of 100, see <https://a.example/|the source>\n> a quote &amp; more'),
    { type: 'actions', elements: [button('again', { value: 'x' })] },
  ];
  const { ts } = await slack.call('chat.postMessage', { channel, text: 'Acme', blocks });
  await slack.call('chat.postMessage', { channel, text: 'in the thread', thread_ts: ts });
  await slack.call('chat.postEphemeral', { channel, text: 'for Renata', user: slack.user(RENATA) });
  const seen = await look(slack, RENATA);
  assert.equal(seen.querySelector('h3')?.textContent, 'Acme');
  assert.equal(seen.querySelector('article b')?.textContent, 'Fieldnote');
  assert.equal(seen.querySelector('article a')?.getAttribute('href'), 'https://a.example/');
  assert.equal(seen.querySelector('blockquote')?.textContent, 'a quote & more');
  assert.equal(seen.querySelector('[data-action="again"]')?.textContent?.trim(), 'Press');
  assert.match(seen.querySelector('.thread')?.textContent ?? '', /in the thread/);
  assert.match(seen.querySelector('.private')?.textContent ?? '', /Only visible to you.*for Renata/s);
  assert.doesNotMatch((await look(slack, IMANI)).body.textContent ?? '', /for Renata/);
});

test('hostile words stay words on the page', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const text = '<script>alert(1)</script> &lt;!channel&gt; <javascript:alert(1)|x> " onload="x"';
  await slack.call('chat.postMessage', {
    channel,
    text,
    blocks: [section(text), { type: 'header', text: { type: 'plain_text', text } }],
  });
  const seen = await look(slack, RENATA);
  assert.equal(seen.querySelectorAll('main script, main a, main [onload], main .mention').length, 0);
  assert.match(seen.querySelector('main')?.textContent ?? '', /<!channel>/);
});

test('an uploaded file is handed on as a download', async (context) => {
  const slack = await startSlack(context);
  const bytes = '<script>alert(1)</script>';
  const announced = await slack.call('files.getUploadURLExternal', {
    filename: 'a.html',
    length: bytes.length,
  });
  await fetch(String(announced.upload_url), { method: 'POST', body: bytes });
  await slack.call('files.completeUploadExternal', {
    files: [{ id: announced.file_id }],
    channel_id: slack.channel('sales'),
  });
  const link = (await look(slack, RENATA)).querySelector('a.file')?.getAttribute('href');
  const file = await fetch(`${slack.twin.url}${link}`);
  assert.match(file.headers.get('content-disposition') ?? '', /^attachment/);
  assert.equal(await file.text(), bytes);
});

test('modals and Homes are drawn, and the page hears of changes', async (context) => {
  const slack = await startSlack(context);
  const home = { type: 'home', blocks: [section('My accounts'), { type: 'divider' }] };
  await slack.call('views.publish', { user_id: slack.user(RENATA), view: home });
  assert.match(
    (await look(slack, RENATA, { channel: 'app', tab: 'home' })).querySelector('.home')?.textContent ?? '',
    /My accounts/,
  );

  const stream = await fetch(`${slack.twin.url}/client/changes`);
  const reader = stream.body?.getReader();
  const hear = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
  const before = await hear();
  await slack.call('chat.postMessage', { channel: slack.channel('sales'), text: 'a' });
  assert.notEqual(await hear(), before);
  await reader?.cancel();
});
