import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ChannelAlerts, ChannelWishes } from '../../../src/pipeline/store/slack-channel-alerts.ts';
import { showAlert } from '../../../src/slack/views/alert.ts';
import { showChannelModal } from '../../../src/slack/views/channel-modal.ts';
import { showWishes } from '../../../src/slack/views/channel-wishes.ts';
import { showChannels } from '../../../src/slack/views/home-channels.ts';
import { showNews } from '../../../src/slack/views/news.ts';
import { exampleCard, hostileText } from './cards.ts';
import { checkBlocks, checkMessage, checkView, linksOf } from './limits.ts';
import { findButtons, readText } from './read.ts';

const NO_LINKS = new Set<string>();
const OURS = 'https://fieldnote.example/';
const wishes: ChannelWishes = {
  reachedA: true,
  moved: true,
  leastMove: 10,
  runs: true,
  budget: false,
  cadence: 'weekly',
  weekday: 3,
  hour: 8,
  timeZone: 'Europe/Berlin',
};
const current: ChannelAlerts = {
  ...wishes,
  workspaceId: 'w',
  teamId: 'T1',
  channelId: 'C1',
  setBy: 'U1',
  mutedUntil: null,
  problem: null,
};
const reason = {
  kind: 'gpu',
  label: 'Names GPU hardware',
  points: 30,
  quote: 'a quote',
  url: null,
  sourceId: null,
  published: null,
};
const moved = {
  companyId: 'c1',
  name: 'Northwind Robotics',
  domain: 'northwind.example',
  was: { score: 40, band: 'C', reasons: [], modelVersion: '1' },
  is: { score: 70, band: 'B', reasons: [reason], modelVersion: '1' },
};

describe('what a channel is told', () => {
  test('names each account with its move and why, then runs and the budget', () => {
    const { text, blocks } = showNews(
      {
        companies: [moved, { ...moved, companyId: 'c2', name: 'Plainfield', was: null }],
        companiesInAll: 40,
        runs: [
          { id: 'r1', kind: 'manual', pausedBecause: null, done: 118, failed: 2, total: 120 },
          { id: 'r2', kind: 'scheduled', pausedBecause: 'the key is refused', done: 3, failed: 0, total: 9 },
        ],
        budget: { spentUsd: 41, limitUsd: 50 },
      },
      { ours: OURS, channelId: 'C1' },
    );
    assert.match(text, /^40 accounts moved; A run ended/);
    const shown = readText(blocks);
    assert.match(
      shown,
      /🔵 70\.0 B · Northwind Robotics\n\+30\.0, was 🟡 40\.0 C · new: Names GPU hardware \(\+30\.0\)/,
    );
    assert.match(shown, /Plainfield\nfirst score/);
    assert.match(shown, /38 more accounts in Fieldnote/);
    assert.match(shown, /A run ended: 118 of 120 companies, 2 failed/);
    assert.match(shown, /A scheduled run stopped after 3 of 9 companies: the key is refused/);
    assert.match(shown, /\$41\.00 of this month’s \$50\.00 are spent/);
    assert.ok(findButtons(blocks).some(({ action, value }) => action === 'channel_alerts' && value === 'C1'));
    checkMessage({ text, blocks }, new Set([OURS]));
  });

  test('stays within the limits whatever companies are called and errors say', () => {
    const basis = fc.record({
      score: fc.double({ min: 0, max: 100, noNaN: true }),
      band: fc.constantFrom('A', 'B', 'C', 'D'),
      modelVersion: fc.constantFrom('1', '2'),
      reasons: fc.array(
        fc.record({
          kind: hostileText,
          label: hostileText,
          points: fc.double({ min: -99, max: 99, noNaN: true }),
        }),
        { maxLength: 4 },
      ),
    });
    const filled = basis.map((one) => ({ ...one, reasons: one.reasons.map((r) => ({ ...reason, ...r })) }));
    const company = fc.record({
      companyId: fc.uuid(),
      name: hostileText,
      domain: hostileText,
      was: fc.option(filled),
      is: filled,
    });
    const run = fc.record({
      id: fc.uuid(),
      kind: fc.constantFrom('manual', 'scheduled', 'undo'),
      pausedBecause: fc.option(hostileText),
      done: fc.nat(),
      failed: fc.nat(),
      total: fc.nat(),
    });
    const companies = fc.array(company, { maxLength: 15 });
    fc.assert(
      fc.property(companies, fc.array(run, { maxLength: 10 }), (told, runs) => {
        if (told.length + runs.length === 0) return;
        const news = { companies: told, companiesInAll: told.length, runs, budget: null };
        checkMessage(showNews(news, { ours: OURS, channelId: 'C1' }), new Set([OURS]));
      }),
      { numRuns: 60 },
    );
  });

  test('of one account is a card that anybody in the channel can go on with', () => {
    const card = exampleCard();
    const message = showAlert({ card, before: { score: 60, band: 'B' }, channelId: 'C1' });
    const actions = findButtons(message.blocks).map(({ action }) => action);
    for (const action of ['show_card', 'pitch', 'wrong', 'channel_alerts'])
      assert.ok(actions.includes(action));
    checkMessage(message, linksOf(card));
  });
});

describe('what a channel wants to hear', () => {
  test('is said in the channel, with the hour in its time zone', () => {
    const message = showWishes(wishes, { channelId: 'C1', mutedUntil: '2026-12-03T08:00:00Z' });
    assert.match(
      readText(message.blocks),
      /accounts that reach band A\naccounts that move by 10 points or more\nruns that end or stop\nTold each Wednesday at 8:00 \(Europe\/Berlin\).*, muted until 3 Dec 2026 \(UTC\)/,
    );
    checkMessage(message, NO_LINKS);
  });

  test('is asked for in a form that holds what it hears by now', () => {
    const fresh = showChannelModal({ channelId: null, current: null, timeZone: 'Asia/Tokyo' });
    checkView(fresh, NO_LINKS);
    assert.match(JSON.stringify(fresh), /"initial_value":"Asia\/Tokyo"/);
    const muted = new Date(Date.now() + 3_600_000);
    const held = showChannelModal({
      channelId: 'C1',
      current: { ...current, mutedUntil: muted, problem: 'it is archived' },
      timeZone: 'Asia/Tokyo',
    });
    checkView(held, NO_LINKS);
    const said = JSON.stringify(held);
    assert.match(said, /"initial_conversation":"C1"/);
    assert.match(said, /Each Wednesday/);
    assert.match(said, /Muted until/);
    assert.match(said, /it is archived/);
  });

  test('is listed on the Home tab with what keeps it from the channel, within the limits', () => {
    const trouble = { channelId: 'C2', wishes, mutedUntil: null, problem: 'it is archived' };
    const shown = readText(showChannels([trouble]));
    assert.match(shown, /#C2 {2}accounts that reach band A/);
    assert.match(shown, /Nothing can be posted there: it is archived\. Invite the app/);
    const many = fc.array(
      fc.record({ mutedUntil: fc.option(hostileText), problem: fc.option(hostileText) }),
      {
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(many, (channels) =>
        checkBlocks(
          showChannels(channels.map((one, index) => ({ channelId: `C${index}`, wishes, ...one }))),
          NO_LINKS,
          40,
        ),
      ),
      { numRuns: 60 },
    );
  });
});
