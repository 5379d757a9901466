import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { showAlert } from '../../../src/slack/views/alert.ts';
import { showCard } from '../../../src/slack/views/card.ts';
import { showComparison } from '../../../src/slack/views/comparison.ts';
import { showPitch } from '../../../src/slack/views/pitch.ts';
import { showUnfurl } from '../../../src/slack/views/unfurl.ts';
import type { Message } from '../../../src/slack/views/types.ts';
import { exampleCard, exampleRole, hostileCard, hostileText } from './cards.ts';
import { checkBlocks, checkMessage, linksOf } from './limits.ts';
import { findButtons, findLinks, readText } from './read.ts';

describe('a card', () => {
  test('begins with the score and the name', () => {
    const { text, blocks } = showCard(exampleCard());
    assert.equal(readText([blocks[0]]), '🟢 87.3 A · Northwind Robotics');
    assert.equal(
      readText([blocks[1]]),
      '▲ 4.2 since last time · 3rd of your 75 · 82 % sure · northwind-robotics.example',
    );
    assert.equal(text, 'Northwind Robotics: 🟢 87.3 A, 82 % sure. Trains its own models');
  });

  test('gives the three strongest reasons, one against among them, each with quote, source and date', () => {
    const { blocks } = showCard(exampleCard());
    const shown = readText(blocks);
    assert.match(shown, /\+35\.5 {2}Trains its own models {2}\(best of 2 quotes\)/);
    assert.match(shown, /“We train our grasping models .+” northwind-robotics\.example, 14 Oct 2026/);
    assert.match(shown, /\+18\.2 {2}Names GPU hardware/);
    assert.match(
      shown,
      /−4\.0 {2}Cuts staff/,
      'what speaks against it is told, though a stronger reason is left out for it',
    );
    assert.doesNotMatch(shown, /Hires machine learning engineers/);
    assert.ok(
      findLinks(blocks).some((url) =>
        url.startsWith('https://www.dailyrobot.example/2026/11/northwind-outgrows-its-cluster#:~:text='),
      ),
      'the link opens the page at the quote',
    );
  });

  test('names real people by the role that they fit, and says that roles are inferred', () => {
    const shown = readText(showCard(exampleCard()).blocks);
    assert.match(shown, /People {2}\(roles are inferred\)/);
    assert.match(shown, /Inês Duarte \(Head of Platform\), as VP of Infrastructure/);
    assert.match(
      shown,
      /Tomasz Łukasik \(Director, ML\); Priya Raman \(Research Lead\) and 1 more, as Head of Machine Learning/,
    );
    assert.match(shown, /nobody in your CRM yet as CFO/);
  });

  test('tells competitors with their sources, what is missing, when it was scored and what it cost', () => {
    const shown = readText(showCard(exampleCard()).blocks);
    assert.match(
      shown,
      /Competitors {2}Graspworks \(northwind-robotics\.example\), Armada Automation \(news\.example\)/,
    );
    assert.match(
      shown,
      /Nothing found on {2}Speech and language technology, Simulation, rendering and HPC, AI research lab/,
    );
    assert.match(
      shown,
      /scored 29 Nov 2026 02:10 UTC · cost \$0\.01 · gpu-infrastructure 1\.4\.0 · read by an LLM/,
    );
  });

  test('has its buttons, each with the id of the company', () => {
    const card = exampleCard();
    const buttons = findButtons(showCard(card).blocks);
    assert.deepEqual(
      buttons.map(({ label, action, value }) => [label, action, value]),
      [
        ['Pitch', 'pitch', card.companyId],
        ['Refresh', 'refresh', card.companyId],
        ['Open in Salesforce', 'open_salesforce', undefined],
        ['Open in HubSpot', 'open_hubspot', undefined],
        ['Wrong?', 'wrong', card.companyId],
        ['Watch', 'watch', card.companyId],
      ],
    );
    const watched = findButtons(showCard(exampleCard({ watched: true })).blocks);
    assert.ok(watched.some(({ action }) => action === 'unwatch'));
  });

  test('without enough evidence says so and why, and shows no number', () => {
    const card = exampleCard({
      score: null,
      band: null,
      confidence: 0,
      status: 'not-enough-evidence',
      why: 'Only 120 characters about the company could be read; a score needs at least 500.',
      reasons: [],
      personas: [],
      pitch: null,
      trend: null,
      rank: null,
    });
    const { text, blocks } = showCard(card);
    const shown = readText(blocks);
    assert.match(shown, /^No score · Northwind Robotics/);
    assert.match(shown, /Only 120 characters about the company could be read/);
    assert.doesNotMatch(shown, /sure|null|NaN/);
    assert.match(text, /^Northwind Robotics: no score yet\. Only 120/);
    assert.ok(!findButtons(blocks).some(({ action }) => action === 'pitch'), 'there is no pitch to send');
  });

  test('says when it is out of date, in no CRM, and never had a score before', () => {
    const card = exampleCard({ stale: true, inCrm: false, records: [], trend: null, rank: null });
    const shown = readText(showCard(card).blocks);
    assert.match(shown, /in no CRM of yours · out of date · Refresh reads it again/);
    assert.doesNotMatch(shown, /since last time|\d\w\w of your/);
  });

  test('that would be too long loses detail first and says so', () => {
    const { reasons, competitors } = exampleCard();
    const long = exampleCard({
      reasons: reasons.map((reason) => ({
        ...reason,
        quote: reason.quote === null ? null : '株式会社の計算機は足りない。'.repeat(40),
        url: `https://news.example/${'long/'.repeat(300)}`,
      })),
      competitors: competitors.map((one) => ({ ...one, url: `https://news.example/${'long/'.repeat(300)}` })),
    });
    const message = showCard(long);
    checkMessage(message, linksOf(long));
    assert.match(readText(message.blocks), /shortened: all of it is in Fieldnote/);
    assert.match(readText(message.blocks), /\+35\.5 {2}Trains its own models/);
  });
});

describe('hostile content', () => {
  // Three bytes a character in UTF-8, which is the most.
  const WIDE = '社'.repeat(20_000);
  const WORST = exampleCard({
    name: WIDE,
    domain: WIDE,
    model: WIDE,
    modelVersion: WIDE,
    scoredAt: WIDE,
    reasons: ['a', 'b', 'c', 'd'].map((kind) => ({
      kind,
      label: WIDE,
      points: kind === 'd' ? -1 : 10,
      quote: WIDE,
      url: `https://${'host.'.repeat(40)}example/${'x'.repeat(1900)}`,
      published: WIDE,
    })),
    missing: Array.from({ length: 50 }, () => WIDE),
    personas: Array.from({ length: 20 }, (_, index) =>
      exampleRole(
        WIDE,
        index % 2 === 0 ? Array.from({ length: 9 }, () => ({ name: WIDE, title: WIDE })) : [],
      ),
    ),
    competitors: Array.from({ length: 30 }, () => ({
      name: WIDE,
      domain: null,
      quote: WIDE,
      url: `https://a.example/${'x'.repeat(1900)}`,
    })),
    pitch: {
      keyPoints: Array.from({ length: 50 }, () => WIDE),
      callToAction: WIDE,
      text: `${WIDE}\n`.repeat(100),
      edits: Array.from({ length: 3 }, () => WIDE),
    },
  });

  test('that is the longest possible everywhere still fits', () => {
    const links = linksOf(WORST);
    checkMessage(showCard(WORST), links);
    checkMessage(showPitch(WORST), links);
    checkMessage(showAlert({ card: WORST, before: null }), links);
    checkMessage(showComparison(Array.from({ length: 12 }, () => WORST)), links);
    checkBlocks(showUnfurl(WORST).blocks, links, 50);
  });

  const check = (show: (card: ReturnType<typeof exampleCard>) => Message): void =>
    fc.assert(
      fc.property(hostileCard, (card) => checkMessage(show(card), linksOf(card))),
      { numRuns: 300 },
    );

  test('in a card is text within every limit: no mention, no link that nobody chose', () => check(showCard));
  test('in a pitch is text within every limit', () => check(showPitch));
  test('in an alert is text within every limit', () =>
    check((card) => showAlert({ card, before: { score: 50, band: 'C' } })));
  test('in an unfurled link is text within every limit', () =>
    fc.assert(fc.property(hostileCard, (card) => checkBlocks(showUnfurl(card).blocks, linksOf(card), 50))));

  test('is shown as the characters that it is', () => {
    const card = exampleCard({
      name: '<!channel> *Acme* <https://evil.example|Salesforce>',
      personas: [exampleRole('CTO', [{ name: '<@U012ABCDEF>', title: '@here' }])],
    });
    const { text, blocks } = showCard(card);
    assert.equal(readText([blocks[0]]), '🟢 87.3 A · <!channel> *Acme* <https://evil.example|Salesforce>');
    assert.match(readText(blocks), /<@U012ABCDEF> \(@here\), as CTO/);
    assert.match(text, /^&lt;!channel&gt; Acme &lt;\[link removed\]&gt;: /);
  });

  test('is cut between letters, never within one', () => {
    fc.assert(
      fc.property(hostileText, (name) => {
        const [head] = showCard(exampleCard({ name })).blocks;
        assert.ok(readText([head]).isWellFormed());
        assert.ok(readText([head]).length > '🟢 87.3 A · '.length, 'there is always something to call it by');
      }),
    );
  });

  test('of a megabyte costs no more than the part that is shown', () => {
    const huge = '<!channel> \u202E'.repeat(100_000);
    const message = showCard(exampleCard({ name: huge, why: huge, missing: [huge], scoredAt: huge }));
    checkMessage(message, linksOf(exampleCard()));
  });
});

describe('an alert', () => {
  test('says from where to where a company moved, why, and offers the card', () => {
    const { text, blocks } = showAlert({ card: exampleCard(), before: { score: 61, band: 'C' } });
    assert.equal(text, 'Northwind Robotics: +26.3, was 🟡 61.0 C');
    assert.match(
      readText(blocks),
      /^🟢 87\.3 A · Northwind Robotics\n\+26\.3, was 🟡 61\.0 C · 3rd of your 75/,
    );
    assert.match(readText(blocks), /\+35\.5 {2}Trains its own models/);
    assert.equal(findButtons(blocks)[0]?.action, 'show_card');
  });

  test('tells a first score as such', () => {
    assert.match(showAlert({ card: exampleCard(), before: null }).text, /first score: 🟢 87\.3 A$/);
  });
});

describe('a pitch', () => {
  test('gives the key points, the call to action, the text, and where its sources are', () => {
    const { blocks } = showPitch(exampleCard());
    const shown = readText(blocks);
    assert.match(shown, /They have outgrown a rented cluster of 256 GPUs \[1\]\./);
    assert.match(shown, /Would 20 minutes with Inês Duarte this week be worth it\?/);
    assert.match(shown, /Why now\n- Names GPU hardware/);
    assert.match(shown, /Sources of each \[number\]: in Fieldnote/);
    assert.doesNotMatch(shown, /edited/);
  });

  test('says which of its words are a person’s', () => {
    const { pitch } = exampleCard();
    assert.ok(pitch);
    const edits = ['call to action edited by Ada Lind (ada@seller.example) on 29 Nov 2026'];
    const shown = readText(showPitch(exampleCard({ pitch: { ...pitch, edits } })).blocks);
    assert.match(shown, /call to action edited by Ada Lind \(ada@seller\.example\) on 29 Nov 2026/);
  });

  test('without a score says what it waits for', () => {
    const { blocks } = showPitch(exampleCard({ pitch: null, why: 'Nothing could be read.' }));
    assert.match(readText(blocks), /No pitch for Northwind Robotics\nNothing could be read\./);
  });
});

describe('an unfurled link', () => {
  test('shows score and strongest reason, but not whose book it stands in', () => {
    const shown = readText(showUnfurl(exampleCard()).blocks);
    assert.match(shown, /🟢 87\.3 A · Northwind Robotics\nTrains its own models · 82 % sure/);
    assert.doesNotMatch(shown, /of your|since last time/);
  });
});
