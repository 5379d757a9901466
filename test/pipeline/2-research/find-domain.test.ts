import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageReader } from '../../../src/connectors/page-reader.ts';
import type { Search } from '../../../src/connectors/search.ts';
import { findDomainByName } from '../../../src/pipeline/2-research/find-domain.ts';

/** A web of front pages: every search answers all of them. */
function createWeb(frontPages: Record<string, string | null>): { search: Search; pages: PageReader } {
  return {
    search: {
      name: 'search',
      search: async () => ({
        credits: 1,
        hits: Object.keys(frontPages).map((site) => ({
          url: `https://www.${site}/about`,
          title: '',
          content: '',
          score: 1,
          published: null,
        })),
      }),
    },
    pages: {
      name: 'website',
      read: async (url) => {
        const text = frontPages[new URL(url).hostname] ?? null;
        return text === null
          ? { status: 'unreadable', url, reason: 'not-found', detail: '' }
          : {
              status: 'read',
              url,
              title: '',
              text,
              published: null,
              links: [],
              fetchedAt: '2026-11-01T00:00:00Z',
            };
      },
    },
  };
}

const call = { signal: new AbortController().signal };

test('an account without a website gets the domain of the one site that bears and says its name', async () => {
  const web = createWeb({
    'tarn-optics.example': 'Tarn Optics grinds lenses in Kendal.',
    'lens-directory.example': 'Tarn Optics, Kendal: three stars.',
  });

  assert.deepEqual(await findDomainByName(web, 'Tarn Optics Ltd.', call), { domain: 'tarn-optics.example' });
});

test('a site whose own name only begins with the account’s is another company', async () => {
  const none = { because: 'no website, and none was found under the name' };
  const find = (name: string, frontPages: Record<string, string>) =>
    findDomainByName(createWeb(frontPages), name, call);

  const within = { 'tarnish-remover.example': 'Tarnish Remover: we clean silver. Tarnish comes back.' };
  assert.deepEqual(await find('Tarn', within), none, 'its name is part of a word there');
  const longer = { 'tarn-brick.example': 'Tarn Brick has made bricks since 1901. At Tarn we like bricks.' };
  assert.deepEqual(await find('Tarn', longer), none, 'it is called Tarn Brick');
  const asOneWord = { 'tarnbrick.example': 'TarnBrick makes bricks from the mud of a tarn.' };
  assert.deepEqual(await find('Tarn', asOneWord), none, 'it is called TarnBrick');
});

test('a site that adds a word of no meaning to the name, or says the longer one only as its address, is that company’s', async () => {
  for (const [site, text] of Object.entries({
    'tarn-group.example': 'Tarn Group: optics from Kendal.',
    'tarnhq.example': 'Tarn makes lenses. Follow @TarnHQ.',
    'tarn-kendal.example': 'Tarn grinds lenses. Write to hello@tarn-kendal.example.',
  }))
    assert.deepEqual(await findDomainByName(createWeb({ [site]: text }), 'Tarn', call), { domain: site });
});

test('two companies of one name are never mixed: neither is taken', async () => {
  const web = createWeb({
    'tarnoptics.example': 'Welcome to Tarn Optics, spectacles.',
    'tarn-optics.example': 'Tarn Optics grinds lenses.',
  });

  const found = await findDomainByName(web, 'Tarn Optics', call);

  assert.ok('because' in found);
  assert.match(found.because, /several companies of that name/);
});

test('a site that bears the name but does not say it, or cannot be read, proves nothing', async () => {
  const web = createWeb({ 'tarn-optics.example': 'This domain is for sale.', 'tarnoptics.example': null });

  const found = await findDomainByName(web, 'Tarn Optics', call);

  assert.deepEqual(found, { because: 'no website, and none was found under the name' });
});
