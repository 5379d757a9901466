import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framePage } from '../../../sandbox/web/frame.ts';
import { createWebState } from '../../../sandbox/web/state.ts';
import { startWebTwin } from '../../../sandbox/web/twin.ts';
import { page, smallWorld } from './small-world.ts';

const world = smallWorld({
  pages: [
    page('https://kiln.example/', 'Kiln bakes <b>bread</b> & cake.\n\n- one\n- two', {
      title: 'Kiln "Ovens"',
    }),
    page('https://kiln.example/about', 'About us.', { published: '2026-01-02' }),
    page('https://kiln.example/old', 'https://kiln.example/about', { status: 301 }),
    page('https://wall.example/', 'x', { status: 403 }),
    page('https://own.example/', '', { html: '<html><body>as it is</body></html>' }),
  ],
  news: [
    {
      url: 'https://press.example/a',
      title: 'Story',
      text: 'A story.',
      published: '2026-03-04',
      domains: [],
    },
  ],
  robots: { 'kiln.example': 'User-agent: *\nDisallow: /x' },
});

async function startTwin() {
  const twin = await startWebTwin({ web: createWebState({ world, journalFile: null }) });
  const get = async (path: string) => {
    const response = await fetch(twin.url + path, { redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { twin, get };
}

test('The gateway answers a page as its site would: framed, linked, with its status', async (t) => {
  const { twin, get } = await startTwin();
  t.after(() => twin.close());
  const home = await get('/https://www.kiln.example/?');
  assert.equal(home.status, 200);
  assert.match(home.headers.get('content-type') ?? '', /text\/html; charset=utf-8/);
  assert.ok(home.text.includes('Kiln bakes &lt;b&gt;bread&lt;/b&gt; &amp; cake.'));
  assert.ok(home.text.includes('<li>one</li><li>two</li>'));
  assert.ok(home.text.includes('href="https://kiln.example/about"'));
  assert.ok(home.text.includes('cookies') || home.text.includes('footer'));
  assert.ok(!home.text.includes('/old"'), 'redirects are not linked');
  const about = await get('/http://kiln.example/about/');
  assert.ok(about.text.includes('content="2026-01-02"'));
  assert.equal((await get('/https://own.example/')).text, '<html><body>as it is</body></html>');
  assert.equal((await get('/https://wall.example/')).status, 403);
  assert.ok((await get('/https://press.example/a')).text.includes('A story.'));
});

test('The gateway is as strict as a web server', async (t) => {
  const { twin, get } = await startTwin();
  t.after(() => twin.close());
  assert.equal((await get('/https://kiln.example/nothing')).status, 404);
  assert.equal((await get('/https://kiln.example/about?x=1')).status, 404);
  const unknown = await get('/https://nobody.example/');
  assert.equal(unknown.status, 400);
  assert.match(unknown.text, /could not be resolved/);
  assert.equal((await get('/kiln.example')).status, 400);
  assert.equal((await get('/ftp://kiln.example/')).status, 400);
  assert.equal((await get('/')).status, 200);
  assert.equal((await fetch(`${twin.url}/https://kiln.example/`, { method: 'POST' })).status, 405);
  const moved = await get('/https://kiln.example/old');
  assert.deepEqual([moved.status, moved.headers.get('location')], [301, '/https://kiln.example/about']);
  const robots = await get('/https://kiln.example/robots.txt');
  assert.deepEqual([robots.status, robots.text], [200, 'User-agent: *\nDisallow: /x']);
  assert.equal((await get('/https://own.example/robots.txt')).status, 404);
  assert.deepEqual(Object.keys(twin.kit.calls.summary().byOperation).toSorted(), [
    'POST /https://kiln.example/',
    'health',
    'page',
    'robots',
  ]);
});

test('A page can be edited by a named person, and the edit is kept on record', async (t) => {
  const { twin, get } = await startTwin();
  t.after(() => twin.close());
  const edit = (body: object) =>
    fetch(`${twin.url}/_twin/edit`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  assert.equal(
    (await edit({ as: 'tester', url: 'https://kiln.example/about', text: 'New text.' })).status,
    200,
  );
  assert.ok((await get('/https://kiln.example/about')).text.includes('New text.'));
  assert.equal((await edit({ as: 'tester', url: 'https://kiln.example/none', text: 'x' })).status, 400);
  assert.equal((await edit({ url: 'https://kiln.example/about', text: 'x' })).status, 400);
  const dump = await (await fetch(`${twin.url}/_twin/dump`)).text();
  assert.match(dump, /"as":"tester","url":"https:\/\/kiln.example\/about","text":"New text."/);
});

test('Sites differ in their layout, one site never does', () => {
  const web = createWebState({ world, journalFile: null });
  const document = web.find('https://kiln.example/');
  assert.ok(document !== undefined);
  const looks = new Set<string>();
  for (let index = 0; index < 40; index += 1) {
    const framed = framePage(document, 'Site', `site${index}.example`, []);
    assert.equal(framePage(document, 'Site', `site${index}.example`, []), framed);
    assert.match(framed, /Kiln bakes/);
    looks.add(framed);
  }
  assert.ok(looks.size >= 8);
});
