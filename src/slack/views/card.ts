import type { Button, KnownBlock, RichTextBlockElement } from '@slack/types';
import { formatDay, formatUsd } from '../../pipeline/format.ts';
import { ACTIONS } from './actions.ts';
import {
  actions,
  button,
  context,
  header,
  line,
  link,
  linkButton,
  linkable,
  rich,
  section,
  text,
} from './blocks.ts';
import { fit } from './fit.ts';
import { showPeople, showRivals } from './people.ts';
import { findSteps, pickSteps, showStep } from './reasons.ts';
import {
  describeCompany,
  describeConfidence,
  describeRank,
  describeScore,
  describeTrend,
} from './standing.ts';
import { count, cutLine, cutMrkdwn, nameOf } from './text.ts';
import type { CardData, Message } from './types.ts';

const REASONS = 3;

/** How much of everything is shown. What tells a rep least is shortened first. */
type Detail = { quote: number; people: number; rivals: number; missing: number; link: number };
const DETAILS: readonly Detail[] = [
  { quote: 240, people: 4, rivals: 5, missing: 4, link: 2000 },
  { quote: 240, people: 3, rivals: 3, missing: 2, link: 1000 },
  { quote: 200, people: 2, rivals: 2, missing: 1, link: 500 },
  { quote: 100, people: 1, rivals: 1, missing: 0, link: 300 },
];

/** Everything about one company that a rep asks next, the score first. */
export function showCard(card: CardData): Message {
  return {
    text: summarize(card),
    blocks: fit(DETAILS, (detail, shortened) => [
      header(describeCompany(card)),
      context([...describeStanding(card), card.stale ? 'Refresh reads it again' : '']),
      ...showEvidence(card, detail),
      actions(showButtons(card)),
      context([...describeMaking(card), shortened ? 'shortened: all of it is in Fieldnote' : '']),
    ]),
  };
}

/** One line for notifications and screen readers. */
function summarize(card: CardData): string {
  const name = cutMrkdwn(nameOf(card), 80);
  if (card.score === null) return `${name}: no score yet. ${cutMrkdwn(card.why ?? '', 200)}`.trim();
  const [strongest] = findSteps(card.reasons);
  const why = strongest === undefined ? '' : `. ${cutMrkdwn(strongest.label, 100)}`;
  return `${name}: ${describeScore(card)}, ${describeConfidence(card.confidence)}${why}`;
}

/** What stands under the score, the most personal first. */
export function describeStanding(card: CardData): string[] {
  return [
    describeTrend(card.trend),
    describeRank(card.rank),
    card.score === null ? '' : describeConfidence(card.confidence),
    cutLine(card.domain, 80),
    card.inCrm ? '' : 'in no CRM of yours',
    card.stale ? 'out of date' : '',
  ];
}

function showEvidence(card: CardData, detail: Detail): KnownBlock[] {
  const steps = findSteps(card.reasons);
  // A block each: Slack puts a little air between blocks, none between the lines of one.
  const shown = pickSteps(steps, REASONS).map((step) => rich(...showStep(step, detail)));
  const why =
    card.score === null
      ? [section(cutLine(card.why ?? '', 400) || 'Not enough could be read for a score.')]
      : [];
  const none =
    card.score !== null && shown.length === 0
      ? [section('Nothing was found that speaks for or against it. The score is where every company starts.')]
      : [];
  const facts = [
    showPeople(card, detail.people),
    showRivals(card.competitors, detail.rivals, detail.link),
    // Without a score all is missing, and the reason is told above.
    showMissing(card.score === null ? [] : card.missing, detail.missing),
    showPage(card),
  ];
  const told = facts.filter((lines) => lines.length > 0).map((lines) => rich(...lines));
  return [...why, ...none, ...shown, ...told];
}

function showMissing(missing: readonly string[], most: number): RichTextBlockElement[] {
  if (missing.length === 0) return [];
  const named = missing.slice(0, most).map((label) => cutLine(label, 60));
  const rest = missing.length - named.length;
  const all = rest === 0 ? named : [...named, named.length === 0 ? count(rest, 'topic') : `${rest} more`];
  return [line(text('Nothing found on  ', 'bold'), text(all.join(', ')))];
}

function showPage(card: CardData): RichTextBlockElement[] {
  const quotes = card.reasons.filter((reason) => reason.quote !== null).length;
  const words =
    quotes === 0 ? 'All in Fieldnote' : `All in Fieldnote: ${count(quotes, 'quote')} and every source`;
  return linkable(card.ours) === null ? [] : [line(link(card.ours, words))];
}

/** The buttons of a card. Value: the company's id. */
function showButtons(card: CardData): Button[] {
  const value = card.companyId;
  return [
    ...(card.pitch === null ? [] : [button('Pitch', ACTIONS.pitch, { value, style: 'primary' })]),
    button('Refresh', ACTIONS.refresh, { value }),
    ...showRecords(card),
    button('Wrong?', ACTIONS.wrong, { value }),
    card.watched === true
      ? button('Stop watching', ACTIONS.unwatch, { value })
      : button('Watch', ACTIONS.watch, { value }),
  ];
}

/** One button a CRM: its first record. */
export function showRecords({ records }: Pick<CardData, 'records'>): Button[] {
  const salesforce = records.find(({ crm }) => crm === 'salesforce');
  const hubspot = records.find(({ crm }) => crm === 'hubspot');
  return [
    ...(salesforce ? linkButton('Open in Salesforce', ACTIONS.openSalesforce, salesforce.url) : []),
    ...(hubspot ? linkButton('Open in HubSpot', ACTIONS.openHubspot, hubspot.url) : []),
  ];
}

function describeMaking(card: CardData): string[] {
  const time = /T(\d\d:\d\d)/.exec(card.scoredAt)?.[1];
  const model = card.modelVersion.startsWith(card.model)
    ? card.modelVersion
    : `${card.model} ${card.modelVersion}`;
  return [
    `scored ${cutLine(formatDay(card.scoredAt), 30)}${time === undefined ? '' : ` ${time} UTC`}`,
    `cost ${formatUsd(card.cost.usd)}`,
    cutLine(model, 60),
    card.method === 'phrases' ? 'read by phrases, no LLM' : 'read by an LLM',
  ];
}
