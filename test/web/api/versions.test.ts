import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { openApi } from './api-fixture.ts';
import type { Asked, TestApi } from './api-fixture.ts';

let api: TestApi;
before(async () => {
  api = await openApi();
});
after(() => api.web.close());

type Change = { method: string; path: string; body?: object };
const readTag = async (path: string): Promise<string> =>
  (await api.ask('GET', path)).headers.get('etag') ?? assert.fail(`${path} has no ETag`);
const change = ({ method, path, body }: Change, headers: Record<string, string> = {}): Promise<Asked> =>
  api.ask(method, path, { body, headers });
const over = (tag: string): Record<string, string> => ({ 'if-match': tag });
const isOvertaken = ({ status, body }: Asked): void => {
  assert.equal(status, 412);
  assert.partialDeepStrictEqual(body, { type: 'urn:fieldnote:problem:changed-meanwhile', status: 412 });
};

const saveSeller = (name: string): Change => ({ method: 'PUT', path: '/seller', body: { name } });
const changeSettings = (instructions: string): Change => ({ method: 'PATCH', path: '/pitch-settings', body: { instructions } }); // prettier-ignore
const saveTemplate = (source: string): Change => ({ method: 'PUT', path: '/templates/executive', body: { source } }); // prettier-ignore
const CHANGES = { seller: saveSeller, settings: changeSettings, template: saveTemplate };

for (const [what, make] of Object.entries(CHANGES)) {
  test(`whoever changes the ${what} by a version that another one replaced hears so, and overwrites nothing`, async () => {
    const { path } = make('');
    const seen = await readTag(path);
    const first = await change(make('Ada’s'), over(seen));
    assert.equal(first.status, 200);
    const now = first.headers.get('etag') ?? '';
    assert.notEqual(now, seen);
    isOvertaken(await change(make('Bob’s'), over(seen)));
    const stored = await api.ask('GET', path);
    assert.equal(stored.headers.get('etag'), now);
    assert.match(JSON.stringify(stored.body), /Ada’s/);

    // A request whose answer was lost comes again: it is done already.
    const again = await change(make('Ada’s'), over(seen));
    assert.deepEqual([again.status, again.headers.get('etag')], [200, now]);
    // A proxy that compresses weakens the tag.
    assert.equal((await change(make('Bob’s'), over(`"other", W/${now}`))).status, 200);
    const unasked = await change(make('Whoever’s'));
    assert.equal(unasked.status, 200, 'without If-Match it goes over whatever stands');
    isOvertaken(await change(make('Ada’s again'), over(now)));
    assert.equal((await change(make('Anybody’s'), over('*'))).status, 200);
  });

  test(`of many who change one version of the ${what} in the same moment exactly one is stored`, async () => {
    const { path } = make('');
    const seen = await readTag(path);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => change(make(`Writer ${index}’s`), over(seen))),
    );
    const stored = answers.filter(({ status }) => status === 200);
    assert.equal(stored.length, 1);
    for (const answer of answers) if (answer.status !== 200) isOvertaken(answer);
    assert.equal(await readTag(path), stored[0]?.headers.get('etag'));
  });
}

test('a template is made only where there is none, by one of many; removed and reset only by who saw what stands', async () => {
  const path = '/templates/ours';
  const none = { 'if-none-match': '*' };
  const put = (source: string, headers: Record<string, string>): Promise<Asked> =>
    change({ method: 'PUT', path, body: { source } }, headers);
  const made = await Promise.all(['one', 'two', 'three', 'four'].map((source) => put(source, none)));
  const statuses = made.map(({ status }) => status).toSorted((a, b) => a - b);
  assert.deepEqual(statuses, [200, 412, 412, 412]);
  isOvertaken(await change({ method: 'PUT', path: '/templates/concise', body: { source: 'ours' } }, none));

  const seen = await readTag(path);
  assert.equal((await put('changed', over(seen))).status, 200);
  isOvertaken(await change({ method: 'DELETE', path }, over(seen)));
  const now = await readTag(path);
  const raced = await Promise.all([change({ method: 'DELETE', path }, over(now)), put('raced', over(now))]);
  assert.equal(raced.filter(({ status }) => status === 200).length, 1, 'one of removal and change');
  assert.deepEqual((await change({ method: 'DELETE', path })).status, 200);
  isOvertaken(await put('after it was gone', over(now)));
  assert.equal((await change({ method: 'DELETE', path }, over(now))).status, 200, 'gone is gone');

  const before = await readTag('/pitch-settings');
  await change(changeSettings('Rhyme.'));
  isOvertaken(await change({ method: 'DELETE', path: '/pitch-settings' }, over(before)));
  const after = await readTag('/pitch-settings');
  assert.equal((await change({ method: 'DELETE', path: '/pitch-settings' }, over(after))).status, 200);
  isOvertaken(await change(changeSettings('By what was there before.'), over(after)));
});

test('an If-Match that is none is refused, and a version that never was changes nothing', async () => {
  const odd = await change(saveSeller('Odd'), over('abc'));
  assert.equal(odd.status, 400);
  assert.match(JSON.stringify(odd.body), /"in":"header","pointer":"If-Match"/);
  for (const make of Object.values(CHANGES)) isOvertaken(await change(make('Nobody’s'), over('"0"')));
  isOvertaken(await change({ method: 'PUT', path: '/templates/fresh', body: { source: 'x' } }, over('"0"')));
  assert.equal((await api.ask('GET', '/templates/fresh')).status, 404);
});

test('the ETag of a reset and of a removal is the version that stands from then on', async () => {
  await change(changeSettings('Rhyme.'));
  const reset = await change({ method: 'DELETE', path: '/pitch-settings' });
  const tag = reset.headers.get('etag') ?? '';
  assert.equal(tag, await readTag('/pitch-settings'));
  assert.equal((await change(changeSettings('Anew.'), over(tag))).status, 200);

  await change(saveTemplate('ours'));
  const shipped = await change({ method: 'DELETE', path: '/templates/executive' });
  assert.equal(shipped.headers.get('etag'), await readTag('/templates/executive'));
  await change({ method: 'PUT', path: '/templates/gone', body: { source: 'ours' } });
  const gone = (await change({ method: 'DELETE', path: '/templates/gone' })).headers.get('etag') ?? '';
  const anew = { method: 'PUT', path: '/templates/gone', body: { source: 'anew' } };
  assert.equal((await change(anew, over(gone))).status, 200);
});

test('settings come whole to whoever has their version: the LLMs that may be chosen change without them', async () => {
  const headers = { 'if-none-match': await readTag('/pitch-settings') };
  // fetch asks for a fresh answer by itself where it is given such a header.
  const [answer] = await once(get(`${api.web.base}/api/v1/pitch-settings`, { headers }), 'response');
  assert.ok(answer instanceof IncomingMessage);
  assert.equal(answer.statusCode, 200);
  answer.destroy();
});
