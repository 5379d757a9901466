import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { buildSheet } from '../../../../src/pipeline/6-pitch/build-sheet.ts';
import type { SheetFacts } from '../../../../src/pipeline/6-pitch/build-sheet.ts';
import { createPrinter } from '../../../../src/pipeline/6-pitch/pdf/print-sheet.ts';
import { ask, hasProgram, readAddresses, readText, readWords } from './read-pdf.ts';
import type { Word } from './read-pdf.ts';
import { hostileFacts, someFacts } from './sheet-facts.ts';
import { tenCompanies, withoutScore } from './ten-companies.ts';

const print = createPrinter();
const printFacts = (facts: SheetFacts): Promise<Buffer> => print(buildSheet(facts));
const changed = (change: (facts: SheetFacts) => Partial<SheetFacts>): SheetFacts => {
  const facts = someFacts();
  return { ...facts, ...change(facts) };
};

// Poppler's boxes are as high as the font's tallest letter: neighbouring lines touch. What overlaps covers letters themselves.
const overlap = (a: Word, b: Word): boolean => {
  const [wide, high] = [
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ];
  return a.page === b.page && wide > 0.8 && high > 0.55 * Math.min(a.bottom - a.top, b.bottom - b.top);
};

async function assertTidy(pdf: Buffer, what: string): Promise<void> {
  const { words, pages } = await readWords(pdf);
  for (const word of words) {
    const page = pages[word.page - 1];
    assert.ok(
      page !== undefined &&
        word.left >= 40 &&
        word.right <= page.width - 40 &&
        word.bottom <= page.height - 12,
      `${what}: "${word.text}" leaves its page`,
    );
  }
  for (const [index, word] of words.entries())
    for (const other of words.slice(index + 1))
      assert.ok(
        !overlap(word, other),
        `${what}: "${word.text}" lies over "${other.text}" on page ${word.page}`,
      );
}

const poppler = await hasProgram('pdftotext');
const qpdf = await hasProgram('qpdf');
const without = (here: boolean, what: string): { skip: string | false } => ({
  skip: here ? false : `${what} is not installed`,
});

describe('the PDF of a pitch', without(poppler, 'poppler-utils'), () => {
  let pdf: Buffer;
  let text: string;
  before(async () => {
    pdf = await printFacts(someFacts());
    text = await readText(pdf);
  });

  test('is two A4 pages, tagged, titled, dated by its content, in embedded fonts alone', async () => {
    const info = await ask(pdf, 'pdfinfo', ['{}']);
    assert.match(info, /Title: +Harrow Fields: pitch/);
    assert.match(info, /Author: +Northwind Compute/);
    assert.match(info, /CreationDate: +\w+ Oct 20 10:11:14 2026/);
    assert.match(info, /Tagged: +yes/);
    assert.match(info, /JavaScript: +no/);
    assert.match(info, /Pages: +2\n/);
    assert.match(info, /\(A4\)/);
    const fonts = (await ask(pdf, 'pdffonts', ['{}'])).trim().split('\n').slice(2);
    assert.ok(fonts.length >= 3);
    for (const font of fonts)
      assert.match(font, /\+(NotoSans|SourceSerif4)-\S+ +CID TrueType +Identity-H +yes yes yes/);
  });

  test('tells its parts in order, each quote with the number of its source', () => {
    const order = [
      'Harrow Fields',
      'Prepared for Northwind Compute',
      '78.4',
      'In short',
      '“Harrow Fields builds robots that pick fruit at night.” [1]',
      'Score 78.4 of 100, band A',
      'Why this score',
      '+31.5 Trains models of its own “We train every perception model on our own cluster.”',
      '+29.1 Names GPU hardware',
      '−4.4 Builds on others’ models',
      'Nothing found about: Owns a data centre.',
      'Whom to talk to',
      'Nadia Søholm, CTO',
      'Competitors',
      'Orchard Arm',
      'The pitch',
      'written by some-model · 2 sentences that no source proves were cut',
      'Next step',
      'Would a one-week trial',
      'Sources',
      'The page about',
    ];
    let at = 0;
    for (const part of order) {
      const found = text.indexOf(part, at);
      assert.notEqual(
        found,
        -1,
        `"${part}" comes after "${text.slice(Math.max(0, at - 40), at)}" in: ${text}`,
      );
      at = found;
    }
    assert.match(text, /Page 1 of 2/);
    assert.match(text, /Page 2 of 2/);
    assert.equal(text.split('Nadia Søholm, CTO').length, 2, 'one person in two CRMs is one person');
  });

  test('cites with numbers that the list of sources explains, in the pitch as well', () => {
    const number = /“We train every perception model on our own cluster\.” \[(\d+)\]/.exec(text)?.[1];
    assert.ok(number);
    assert.ok(
      text.includes(`where the fruit is not. [${number}]`),
      'the pitch’s own [3] became the sheet’s number',
    );
    assert.ok(
      text.includes(`Trains models of its own [${number}] (1 Sep 2026)`),
      'a quote that stands above is left to its number',
    );
    assert.match(
      text,
      new RegExp(
        String.raw`\[${number}\] The page engineering harrow\.example/engineering · site · 1 Sep 2026, read 19 Oct 2026`,
      ),
    );
    assert.equal(text.split('Would a one-week trial').length, 2, 'the call to action stands once');
  });

  test('gives the same bytes for the same sheet, whatever was printed before', async () => {
    const again = await printFacts(someFacts());
    assert.ok(again.equals(pdf));
    // A glyph that stands for two characters must not remember the other document's.
    await printFacts(
      changed((facts) => ({ company: { ...facts.company, name: 'A\u00a0B \u2126 \u212a µ μ' } })),
    );
    assert.ok((await printFacts(someFacts())).equals(pdf));
    assert.ok(
      (await createPrinter()(buildSheet(someFacts()))).equals(pdf),
      'another process prints the same',
    );
  });

  test('is a sound file', without(qpdf, 'qpdf'), async () => {
    for (const facts of [someFacts(), hostileFacts()])
      assert.match(
        await ask(await printFacts(facts), 'qpdf', ['--check', '{}']),
        /No syntax or stream encoding errors/,
      );
  });

  test('names its parts for those who hear it: headings, quotes, lists, links and a figure with its meaning', async () => {
    const tree = await ask(pdf, 'pdfinfo', ['-struct-text', '{}']);
    assert.match(tree, /^Document\n/);
    for (const tag of ['H1', 'H2', 'H3', 'BlockQuote', 'L ', 'LI', 'Link', 'Figure'])
      assert.match(tree, new RegExp(`\\n +${tag}`), tag);
    assert.match(pdf.toString('latin1'), /\/Alt \(Score 78\.4 of 100, band A, 81 % sure\)/);
    assert.match(pdf.toString('latin1'), /\/Lang \(en\)/);
    assert.match(pdf.toString('latin1'), /pdfuaid:part/);
  });

  test('leads out to http and https alone, at the quote, and within itself from each mark to its source', async () => {
    const addresses = readAddresses(pdf);
    assert.ok(
      addresses.some((address) =>
        address.startsWith('https://www.harrow.example/engineering#:~:text=We%20train'),
      ),
    );
    assert.ok(addresses.includes('https://www.harrow.example/engineering'));
    assert.ok(addresses.includes('http://127.0.0.1:3000/companies/harrow.example'));
    const hostile = await printFacts(hostileFacts());
    for (const address of readAddresses(hostile))
      assert.match(address, /^https:\/\/(www\.)?harrow\.example\//);
    assert.doesNotMatch(hostile.toString('latin1'), /\/S \/(JavaScript|Launch)|\/URI \((?!https?:)/);
    const raw = pdf.toString('latin1');
    const wanted = new Set([...raw.matchAll(/\/D \((source-\d+)\)/g)].map((match) => match[1]));
    assert.ok(wanted.size >= 5);
    for (const place of wanted)
      assert.ok(raw.includes(`(${place}) [`), `${place} is a place in the document`);
  });

  test('without a score shows none, and why', async () => {
    const bare = await printFacts(
      changed((facts) => ({
        score: {
          ...facts.score,
          status: 'not-enough-evidence',
          score: null,
          band: null,
          confidence: 0,
          reasons: [],
          why: 'Only 40 characters could be read.',
        },
        profile: null,
        personas: [],
        competitors: [],
        pitch: null,
        sources: [],
        seller: null,
      })),
    );
    const read = await readText(bare);
    assert.match(read, /no score/);
    assert.match(read, /Only 40 characters could be read\./);
    assert.doesNotMatch(read, /band|Next step|The pitch|Sources|null|undefined/);
    assert.match(await ask(bare, 'pdfinfo', ['{}']), /Pages: +1\n/);
  });

  test('writes names of other scripts as they are, Arabic from the right', async () => {
    const names = [
      '株式会社深海計算データ',
      '北京海图科技有限公司',
      '서울 데이터',
      'Łódź Москва Αθήνα',
      'ประเทศไทย',
      'R&D <Sea> "Ltd"',
    ];
    for (const name of names) {
      const one = await printFacts(changed((facts) => ({ company: { ...facts.company, name } })));
      assert.ok((await readText(one)).normalize('NFC').includes(name.normalize('NFC')), name);
      assert.ok((await ask(one, 'pdfinfo', ['{}'])).includes(`${name}: pitch`), name);
    }
    // What is read from right-shaped Devanagari is in the order of its glyphs; no letter may be missing.
    const hindi = await printFacts(changed((facts) => ({ company: { ...facts.company, name: 'प्रशिक्षण' } })));
    assert.doesNotMatch(await readText(hindi), /\uFFFD/);
    const arabic = await printFacts(
      changed((facts) => ({ company: { ...facts.company, name: 'شركة الأفق (أفق) 512' } })),
    );
    const { words } = await readWords(arabic);
    const place = (part: string): number =>
      words.find(({ page, text }) => page === 1 && text.includes(part))?.left ?? Number.NaN;
    assert.ok(
      place('ش') > place('512') && place('512') > 0,
      'the first word stands to the right of the last',
    );
    const xml = await ask(
      await printFacts(changed((facts) => ({ company: { ...facts.company, name: 'R&D <Ltd>' } }))),
      'pdfinfo',
      ['-meta', '{}'],
    );
    assert.match(xml, /R&amp;D &lt;Ltd&gt;/);
  });

  test('draws a picture of several characters as one, in text from the left and from the right, and lets it be copied whole', async () => {
    const pictures = ['🚀', '👩‍💻', '👩🏽‍🚀', '👨‍👩‍👧‍👦', '❤️‍🔥', '🏳️‍🌈', '👍🏽', '🇫🇮', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'];
    // Variation selectors are left out of every text.
    const copied = pictures.map((picture) => picture.replaceAll('\uFE0F', ''));
    for (const before of ['Peel', 'שלום']) {
      const name = `${before} ${pictures.join(' ')}`;
      const { words } = await readWords(
        await printFacts(changed((facts) => ({ company: { ...facts.company, name } }))),
      );
      const largest = Math.max(...words.map(({ top, bottom }) => bottom - top));
      const drawn = copied.map((picture) => {
        const found = words.find(({ text, top, bottom }) => text === picture && bottom - top > largest / 2);
        return found === undefined ? `no ${picture}` : Math.round(found.right - found.left);
      });
      assert.deepEqual(new Set(drawn), new Set([drawn[0]]), 'each as wide as a picture of one character');
      assert.equal(typeof drawn[0], 'number');
    }
    const torn = 'Peel 🚀\u200D🍌 a\u200Db';
    const text = await readText(
      await printFacts(changed((facts) => ({ company: { ...facts.company, name: torn } }))),
    );
    assert.match(text, /Peel 🚀\u200D?🍌 ab/, 'what no font joins is two pictures and no box');
    assert.doesNotMatch(text, /\uFFFD/);
  });

  test('a quote that runs from the right and ends in Latin letters has its source behind it, and a bullet stands before it', async () => {
    const { words } = await readWords(
      await printFacts(
        changed((facts) => ({
          score: {
            ...facts.score,
            reasons: facts.score.reasons.map((each) =>
              each.kind === 'own' ? { ...each, quote: 'דרושים מהנדסים עם ניסיון ב-CUDA.' } : each,
            ),
          },
          pitch: facts.pitch && { ...facts.pitch, text: 'Why now\n- האשכול גדל\n- הם מגייסים' },
        })),
      ),
    );
    const end = words.find(({ text }) => text.includes('CUDA')) ?? assert.fail('no quote');
    const source = words.find(
      ({ text, page, top }) => page === end.page && Math.abs(top - end.top) < 6 && /\[\d+\]/.test(text),
    );
    assert.ok(source && source.right <= end.left + 1, 'to the left of the last word');
    const bullets = words.filter(({ text }) => text.includes('•'));
    assert.equal(bullets.length, 2);
    for (const { left } of bullets) assert.ok(left > 500, `a bullet at ${left}`);
  });

  test('a long name of a company stands whole in the head, and the foot keeps its day', async () => {
    const name = 'Größenwahn & Söhne Vermögensverwaltungsgesellschaft für Rechenzentren mbH & Co. KGaA';
    const read = await readText(
      await printFacts(changed((facts) => ({ company: { ...facts.company, name } }))),
    );
    assert.ok(read.includes(name));
    assert.equal(read.match(/… · for Northwind Compute · Fieldnote · as of 20 Oct 2026/g)?.length, 2);
  });

  test('whatever is stored, nothing lies over anything else or leaves the page, and it ends', async () => {
    await assertTidy(pdf, 'an ordinary company');
    const hostile = await printFacts(hostileFacts());
    await assertTidy(hostile, 'a hostile one');
    assert.match(await ask(hostile, 'pdfinfo', ['{}']), /Pages: +[1-6]\n/);
    const read = await readText(hostile);
    assert.match(read, /22 more kinds of signals/);
    assert.match(read, /and 34 more on the company’s page/);
    assert.match(read, /Shortened: all of it stands on the company’s page/);
    assert.ok(read.split('…').length > 20);
  });

  test('in whatever script, with much or next to nothing, sheets are tidy and name their company and their day on every page', async () => {
    const all = [...tenCompanies(), ['one without a score', withoutScore()] as const];
    for (const [what, facts] of all) {
      const one = await printFacts(facts);
      await assertTidy(one, what);
      const pages = Number(/Pages: +(\d+)/.exec(await ask(one, 'pdfinfo', ['{}']))?.[1]);
      assert.ok(pages >= 1 && pages <= 4, `${what}: ${pages} pages`);
      const read = await readText(one);
      assert.equal(read.match(/Fieldnote · as of 20 Oct 2026 Page \d of \d/g)?.length, pages, what);
      assert.doesNotMatch(read, /null|undefined|\[object/, what);
    }
  });

  test('a quote that is cut keeps its closing mark and the number of its source', async () => {
    const facts = changed(({ score, ...rest }) => ({
      ...rest,
      score: {
        ...score,
        reasons: score.reasons.map((each) =>
          each.kind === 'own' ? { ...each, quote: '深'.repeat(10_000) } : each,
        ),
      },
    }));
    assert.match((await readText(await printFacts(facts))).replaceAll(' ', ''), /深…”\[2\]/);
  });
});
