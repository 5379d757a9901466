import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { domainOf } from '../../../src/pipeline/1-sync/domain.ts';

const same = (cases: Record<string, string>): void => {
  for (const [input, domain] of Object.entries(cases)) assert.deepEqual(domainOf(input), { domain }, input);
};
const skipped = (reason: string, inputs: string[]): void => {
  for (const input of inputs) {
    const found = domainOf(input);
    assert.ok('skip' in found, input);
    assert.equal(found.skip, reason, input);
    assert.ok(found.detail.length > 10, input);
  }
};

test('One company has one domain, however its address was typed', () => {
  same({
    'acme.example': 'acme.example',
    'https://www.Acme.example/about?x=1#team': 'acme.example',
    'HTTP://ACME.EXAMPLE:8080': 'acme.example',
    'shop.de.acme.co.uk': 'acme.co.uk',
    'www.acme.com.': 'acme.com',
    '//acme.com/path': 'acme.com',
    'htpp://acme.com': 'acme.com',
    'http//acme.com': 'acme.com',
    'https://https://acme.com': 'acme.com',
    ' acme.com, acme.de ': 'acme.com',
    'www.acme.com / www.acme.de': 'acme.com',
    '(acme.com)': 'acme.com',
    'https://user:secret@acme.com/': 'acme.com',
    'ａｃｍｅ．ｃｏｍ': 'acme.com',
    'acme.uk.com': 'acme.uk.com',
    'sub.acme.test': 'acme.test',
  });
});

test('An e-mail address stands for the company behind it', () => {
  same({
    'jane@acme.example': 'acme.example',
    'mailto:jane@mail.acme.com': 'acme.com',
    'Jane Doe <Jane.Doe@ACME.com>': 'acme.com',
    'jane@linkedin.com': 'linkedin.com',
  });
});

test('Domains with letters beyond ASCII are kept as punycode', () => {
  same({
    'https://münchen.example': 'xn--mnchen-3ya.example',
    'xn--mnchen-3ya.example': 'xn--mnchen-3ya.example',
    '例え.jp': 'xn--r8jz45g.jp',
  });
});

test('A free mailbox names no company', () => {
  skipped('free-mail', [
    'someone@gmail.com',
    'someone@googlemail.com',
    'a@yahoo.co.uk',
    'a@hotmail.fr',
    'a@gmx.de',
    'a@web.de',
    'a@outlook.com',
    'a@icloud.com',
    'a@proton.me',
    'a@qq.com',
    'a@mail.ru',
    'gmail.com',
    'a@MAIL.GMX.NET',
    'a@comcast.net',
  ]);
  same({ 'https://www.telenet.be': 'telenet.be' });
});

test('A page on somebody else’s platform is no company’s own domain, the platform itself is', () => {
  skipped('hosted', [
    'acme.myshopify.com',
    'https://www.linkedin.com/company/acme/',
    'de.linkedin.com/company/acme',
    'facebook.com/acme',
    'https://x.com/acme',
    'acme.wixsite.com/home',
    'acme.github.io',
    'https://acme.wordpress.com',
    'sites.google.com/view/acme',
    'info@acme.onmicrosoft.com',
    'acme.webflow.io',
    'https://medium.com/@acme',
    'https://github.com/acme',
    'github.io',
    'linktr.ee/acme',
    'acme.notion.site',
  ]);
  same({
    'https://www.linkedin.com/': 'linkedin.com',
    'github.com': 'github.com',
    'www.wordpress.com': 'wordpress.com',
    'https://acme.com/company/acme': 'acme.com',
  });
});

test('What is no address says so, what is empty is missing', () => {
  skipped('invalid', [
    'Acme GmbH',
    'localhost',
    '192.168.0.1',
    'http://[::1]/',
    'co.uk',
    'acme.cmo',
    'acme..com',
    'acme .com',
    '-acme-.com',
    'a_b.com',
    'javascript:alert(1)',
    'server.local',
    `${'a'.repeat(70)}.com`,
    'x'.repeat(3000),
  ]);
  skipped('missing', ['', '   ', 'n/a', 'N.A.', '-', 'none', 'null', 'http://', 'unknown']);
  assert.deepEqual(domainOf(null), { skip: 'missing', detail: 'no website or e-mail address' });
});

test('Any text has an answer, and a domain found is its own answer', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.emailAddress()), (input) => {
      const found = domainOf(input);
      if ('skip' in found) return found.detail !== '';
      assert.deepEqual(domainOf(found.domain), found);
      assert.deepEqual(domainOf(`https://www.${found.domain}/`), found);
      return true;
    }),
    { numRuns: 500 },
  );
});

const data = process.env.FIELDNOTE_DATA ?? resolve(import.meta.dirname, '../../../../shared/data');
const file = resolve(data, 'dev/companies.jsonl');

test('Real companies keep their domain', { skip: existsSync(file) ? false : `no ${file}` }, (t) => {
  const lost: string[] = [];
  let count = 0;
  for (const line of readFileSync(file, 'utf8')
    .split('\n')
    .filter((each) => each !== '')) {
    const row: unknown = JSON.parse(line);
    assert.ok(typeof row === 'object' && row !== null && 'domain' in row && 'website' in row);
    count += 1;
    const found = domainOf(String(row.domain));
    if ('skip' in found) lost.push(`${String(row.domain)}: ${found.detail}`);
  }
  t.diagnostic(`${count} domains, ${lost.length} skipped`);
  for (const each of lost.slice(0, 40)) t.diagnostic(each);
  assert.ok(lost.length < count * 0.005);
});

test('colleagues mean one company, and a refusal names the address that was given', () => {
  for (const address of [
    'ida@tarn-optics.example',
    'bo.lind+crm@tarn-optics.example',
    'Ida@TARN-optics.example',
  ])
    assert.deepEqual(domainOf(address), { domain: 'tarn-optics.example' }, address);
  for (const name of ['ida', 'bo']) {
    assert.deepEqual(domainOf(`${name}@gmail.com`), domainOf('someone@gmail.com'));
    const found = domainOf(`${name}@nowhere.invalid-tld`);
    assert.ok('skip' in found && found.skip === 'invalid', name);
    const page = domainOf(`${name}@shop.myshopify.com`);
    assert.ok('skip' in page && page.skip === 'hosted', name);
  }
  const refused = ['ida', 'bo'].map((name) => domainOf(`${name}@10.0.0.1`));
  assert.match(JSON.stringify(refused[0]), /ida@10\.0\.0\.1/);
  assert.match(JSON.stringify(refused[1]), /bo@10\.0\.0\.1/);
});
