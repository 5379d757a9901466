import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ACTIONS, patternOf, VOTE } from '../../../src/slack/views/actions.ts';
import { showAlert } from '../../../src/slack/views/alert.ts';
import { showBegun } from '../../../src/slack/views/begun.ts';
import { showCard } from '../../../src/slack/views/card.ts';
import { showChoice } from '../../../src/slack/views/choice.ts';
import { showComparison } from '../../../src/slack/views/comparison.ts';
import { showHelp } from '../../../src/slack/views/help.ts';
import { showHome } from '../../../src/slack/views/home.ts';
import { showPitch } from '../../../src/slack/views/pitch.ts';
import { showProblem } from '../../../src/slack/views/problem.ts';
import { showProgress } from '../../../src/slack/views/progress.ts';
import type { HomeData } from '../../../src/slack/views/types.ts';
import { showVoteModal } from '../../../src/slack/views/vote-modal.ts';
import { exampleCard, hostileCard, hostileText, hostileUrl } from './cards.ts';
import { checkMessage, checkView, linksOf } from './limits.ts';
import { findButtons, readText } from './read.ts';

const NO_LINKS = new Set<string>();

describe('progress', () => {
  test('of one company shows what is done, what is under way and what comes', () => {
    const { text, blocks } = showProgress({
      companies: [{ subject: 'acme.example', at: 'score' }],
      seconds: 41.6,
    });
    assert.equal(text, 'Scoring acme.example: Scoring');
    assert.match(
      readText(blocks),
      /✓ Reading the web\n✓ Finding what matters in it\n▸ Scoring …\n○ Naming the people/,
    );
    assert.match(readText(blocks), /42 s so far · the answer replaces this message/);
  });

  test('of several companies shows how far each is', () => {
    const { text, blocks } = showProgress({
      companies: [
        { subject: 'acme.example', at: 'done' },
        { subject: 'beta.example', at: 'waiting' },
        { subject: 'gamma.example', at: 'failed' },
      ],
      seconds: 130,
    });
    assert.equal(text, 'Scoring 3 companies: 2 of 3 ready');
    assert.match(readText(blocks), /acme\.example {2}Ready\nbeta\.example {2}Waiting for a free place/);
    assert.match(readText(blocks), /gamma\.example {2}Did not work/);
  });

  test('stays within the limits whatever was asked for', () => {
    const at = fc.constantFrom('waiting', 'research', 'write-back', 'done', 'failed');
    const companies = fc.array(fc.record({ subject: hostileText, at }), { maxLength: 60 });
    fc.assert(
      fc.property(companies, fc.double({ noNaN: true, min: -10, max: 1e6 }), (asked, seconds) =>
        checkMessage(showProgress({ companies: asked, seconds }), NO_LINKS),
      ),
    );
  });
});

describe('a choice', () => {
  const company = (name: string) => ({
    companyId: `id-${name}`,
    name,
    domain: `${name}.example`,
    score: 70,
    band: 'B',
  });

  test('gives each company a button that carries its id', () => {
    const companies = [company('acme'), { ...company('acme2'), score: null, band: null }];
    const { text, blocks } = showChoice({ asked: 'acme', purpose: 'pitch', companies, more: 3 });
    assert.equal(text, 'Which “acme”? 5 companies fit.');
    assert.match(readText(blocks), /acme · acme\.example · 🔵 70\.0 B/);
    assert.match(readText(blocks), /acme2 · acme2\.example · no score yet/);
    assert.match(readText(blocks), /3 more fit/);
    assert.deepEqual(
      findButtons(blocks).map(({ action, value }) => [action, value]),
      [
        ['choose_pitch:0', 'id-acme'],
        ['choose_pitch:1', 'id-acme2'],
      ],
    );
  });

  test('stays within the limits whatever the companies are called', () => {
    const one = fc.record({
      companyId: fc.uuid(),
      name: hostileText,
      domain: hostileText,
      score: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
      band: fc.option(hostileText),
    });
    fc.assert(
      fc.property(hostileText, fc.array(one, { maxLength: 30 }), fc.nat(), (asked, companies, more) =>
        checkMessage(showChoice({ asked, purpose: 'score', companies, more }), NO_LINKS),
      ),
    );
  });
});

describe('a comparison', () => {
  const northwind = exampleCard();
  const [start, models] = northwind.reasons;
  assert.ok(start && models);
  const plain = exampleCard({
    companyId: 'plain',
    name: 'Plainfield Foods',
    domain: 'plainfield.example',
    score: 31,
    band: 'C',
    reasons: [start, { ...models, points: 4, quote: 'We train a small model on recipes.' }],
    ours: 'https://fieldnote.example/companies/plainfield.example',
  });

  test('puts the best first and says what tells them apart, the widest gap first', () => {
    const { text, blocks } = showComparison([plain, northwind]);
    assert.equal(text, 'Compared: Northwind Robotics 87.3, Plainfield Foods 31.0');
    const shown = readText(blocks);
    assert.ok(shown.indexOf('Northwind') < shown.indexOf('Plainfield'));
    assert.match(
      shown,
      /What differs most\nTrains its own models: Northwind Robotics \+35\.5, Plainfield Foods \+4\.0\nNames GPU hardware: Northwind Robotics \+18\.2; not Plainfield Foods/,
    );
    assert.deepEqual(
      findButtons(blocks).map(({ action, value }) => [action, value]),
      [
        ['show_card:0', northwind.companyId],
        ['show_card:1', 'plain'],
      ],
    );
  });

  test('of companies that are alike says that nothing tells them apart', () => {
    assert.match(readText(showComparison([plain, plain]).blocks), /Nothing that was found tells them apart/);
  });

  test('does not mistake a missing score for a low one', () => {
    const unread = { ...plain, score: null, band: null, why: 'Nothing could be read.', reasons: [] };
    const shown = readText(showComparison([unread, northwind]).blocks);
    assert.match(shown, /No score {2}Plainfield Foods {2}Nothing could be read\./);
    assert.doesNotMatch(shown, /not Plainfield/);
  });

  test('of ten hostile companies stays within the limits', () => {
    fc.assert(
      fc.property(fc.array(hostileCard, { minLength: 2, maxLength: 12 }), (cards) =>
        checkMessage(showComparison(cards), linksOf(...cards)),
      ),
      { numRuns: 60 },
    );
  });
});

describe('the Home tab', () => {
  const row = {
    companyId: 'c1',
    name: 'Northwind Robotics',
    domain: 'northwind-robotics.example',
    score: 87.3,
    band: 'A',
    trend: -3,
    ours: 'https://fieldnote.example/companies/northwind-robotics.example',
  };
  const home: HomeData = {
    known: true,
    accounts: [row],
    total: 75,
    moved: [{ ...row, because: 'Names GPU hardware' }],
    alerts: { on: true, mutedUntil: null, leastMove: 10 },
    channels: [],
    ours: 'https://fieldnote.example/companies',
  };

  test('shows what moved this week, own accounts and the alerts', () => {
    const view = showHome(home);
    const shown = readText(view.blocks);
    assert.match(
      shown,
      /Moved this week\n🟢 87\.3 A · Northwind Robotics\n▼ 3\.0 · Names GPU hardware · northwind-robotics\.example/,
    );
    assert.match(shown, /Your accounts\n🟢 87\.3 A · Northwind Robotics/);
    assert.match(shown, /74 more accounts in Fieldnote/);
    assert.match(shown, /moves by 10 points or into another band/);
    assert.deepEqual(
      findButtons(view.blocks).map(({ action, value }) => [action, value]),
      [
        ['show_card:0', 'c1'],
        ['show_card:8', 'c1'],
        ['open_page', undefined],
        ['set_alerts', 'off'],
        ['channel_alerts', 'none'],
      ],
    );
    checkView(view, new Set([home.ours]));
  });

  test('says what to do when nobody knows whose accounts these are', () => {
    const shown = readText(showHome({ ...home, known: false, accounts: [], moved: [], total: 0 }).blocks);
    assert.match(shown, /No user of your CRM has the e-mail address that you use in Slack/);
    assert.doesNotMatch(shown, /Moved this week/);
  });

  test('tells a muted person until when, and offers to end it', () => {
    const view = showHome({
      ...home,
      alerts: { on: true, mutedUntil: '2026-12-02T08:00:00Z', leastMove: 5 },
    });
    assert.match(readText(view.blocks), /muted until 2 Dec 2026 \(UTC\)/);
    assert.ok(findButtons(view.blocks).some(({ action }) => action === 'unmute'));
  });

  test('stays within the limits with many accounts of any name', () => {
    const listed = fc.record({
      companyId: fc.uuid(),
      name: hostileText,
      domain: hostileText,
      score: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
      band: fc.option(hostileText),
      trend: fc.option(fc.double({ min: -100, max: 100, noNaN: true })),
      ours: hostileUrl,
      because: hostileText,
    });
    const many = fc.array(listed, { maxLength: 100 });
    const alerts = fc.record({ on: fc.boolean(), mutedUntil: fc.option(hostileText), leastMove: fc.nat() });
    fc.assert(
      fc.property(many, many, alerts, fc.boolean(), (accounts, moved, settings, known) =>
        checkView(
          showHome({ ...home, accounts, moved, alerts: settings, known, total: accounts.length }),
          new Set([home.ours]),
        ),
      ),
      { numRuns: 60 },
    );
  });
});

describe('the other views', () => {
  test('a problem says what it is and what would fix it', () => {
    const problem = {
      what: 'acme.example is left out: it is a customer',
      fix: 'Change it in the CRM, then sync.',
    };
    const message = showProblem({ ...problem, companyId: 'c1' });
    assert.equal(readText(message.blocks.slice(0, 1)), `⚠ ${problem.what}\n${problem.fix}`);
    assert.equal(message.text, `${problem.what} ${problem.fix}`);
    assert.deepEqual(findButtons(message.blocks), [{ label: 'Try again', action: 'refresh', value: 'c1' }]);
    fc.assert(
      fc.property(hostileText, hostileText, (what, fix) =>
        checkMessage(showProblem({ what, fix }), NO_LINKS),
      ),
    );
  });

  test('a problem that is told in nothing but formatting marks has a text all the same', () => {
    for (const what of ['_', '***', '~ `', ''])
      assert.equal(showProblem({ what, fix: '*' }).text, 'Something did not work, and nothing says what.');
    assert.equal(showProblem({ what: '_', fix: 'Say it in words.' }).text, 'Say it in words.');
  });

  test('a company whose name is nothing but formatting marks is called by its domain, in texts and in blocks', () => {
    for (const name of ['***', '_', ' ~~ ` ', '\u3164*']) {
      const card = exampleCard({ name });
      const called = card.domain;
      assert.match(showCard(card).text, new RegExp(`^${called}: 🟢 87\\.3 A`), name);
      assert.match(
        showCard({ ...card, score: null, band: null }).text,
        new RegExp(`^${called}: no score yet`),
      );
      assert.match(showAlert({ card, before: null }).text, new RegExp(`^${called}: first score`));
      assert.equal(showComparison([card]).text, `Compared: ${called} 87.3`);
      assert.equal(showPitch(card).text, `Pitch for ${called}`);
      assert.equal(showBegun([card]).text, `Scoring ${called}`);
      assert.match(readText(showCard(card).blocks), new RegExp(`87\\.3 A · ${called}`));
    }
  });

  test('the help names every command', () => {
    const message = showHelp();
    checkMessage(message, NO_LINKS);
    for (const command of ['/score', '/compare', '/pitch'])
      assert.ok(readText(message.blocks).includes(command));
  });

  test('the modal behind "Wrong?" carries back which company it is about', () => {
    const origin = { channel: 'C1', ts: '1700000000.000100' };
    const view = showVoteModal({ companyId: 'c1', name: 'Northwind', score: 87.3, band: 'A', origin });
    assert.deepEqual(JSON.parse(view.private_metadata ?? ''), { companyId: 'c1', origin });
    assert.equal(view.callback_id, VOTE.callbackId);
    fc.assert(
      fc.property(hostileText, (name) =>
        checkView(showVoteModal({ companyId: 'c1', name, score: null, band: null, origin: null }), NO_LINKS),
      ),
    );
  });

  test('an action is recognised with and without its number, and no other is', () => {
    for (const id of ['show_card', 'show_card:0', 'show_card:12'])
      assert.match(id, patternOf(ACTIONS.showCard));
    for (const id of ['show_card:', 'show_cards', 'xshow_card', 'show_card:a', 'watch'])
      assert.doesNotMatch(id, patternOf(ACTIONS.showCard));
  });
});
