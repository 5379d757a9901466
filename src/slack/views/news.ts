import type { KnownBlock } from '@slack/types';
import type { CompanyNews, RunNews, SlackNews } from '../../pipeline/store/slack-news.ts';
import { formatUsd } from '../../pipeline/format.ts';
import { explainMove } from '../explain-move.ts';
import { ACTIONS } from './actions.ts';
import { describeMove } from './alert.ts';
import { actions, button, context, header, linkButton, section } from './blocks.ts';
import { fit } from './fit.ts';
import { describeCompany } from './standing.ts';
import { count, cutLine, cutMrkdwn, nameOf } from './text.ts';
import type { Message } from './types.ts';

/** As many companies as a message lists; the rest is counted. */
export const COMPANIES_SHOWN = 15;

const DETAILS = [
  { companies: COMPANIES_SHOWN, because: 200 },
  { companies: COMPANIES_SHOWN, because: 0 },
  { companies: 5, because: 0 },
];

/**
 * What happened, in one message for a channel.
 * @param ours our page of all companies
 */
export function showNews(news: SlackNews, { ours, channelId }: { ours: string; channelId: string }): Message {
  const { companies, companiesInAll, runs, budget } = news;
  const [first] = companies;
  const titles = [
    ...(first === undefined ? [] : [`${count(companiesInAll, 'account')} moved`]),
    ...runs.map(describeRun),
    ...(budget === null ? [] : [describeBudget(budget)]),
  ];
  const named = companies.slice(0, 3).map(({ name, domain }) => cutMrkdwn(nameOf({ name, domain }), 60));
  return {
    text: cutMrkdwn(titles.join('; '), 600) + (named.length === 0 ? '' : ` (${named.join(', ')} …)`),
    blocks: fit(DETAILS, (detail): KnownBlock[] => {
      const shown = companies.slice(0, detail.companies);
      const rest = companiesInAll - shown.length;
      return [
        header(titles[0] ?? 'Nothing'),
        ...shown.map((company, number) => showCompany(company, number, detail.because)),
        ...(rest > 0 ? [context([`${count(rest, 'more account')} in Fieldnote`])] : []),
        ...titles.slice(1).map((title) => section(title)),
        actions([
          ...linkButton('All companies in Fieldnote', ACTIONS.openPage, ours),
          button('Change these alerts', ACTIONS.channelAlerts, { value: channelId }),
        ]),
      ];
    }),
  };
}

function showCompany(company: CompanyNews, number: number, because: number): KnownBlock {
  const { companyId, name, domain, was, is } = company;
  const facts = [
    describeMove(is, was),
    because === 0 || was === null ? '' : cutLine(explainMove(was, is), because),
    cutLine(domain, 60),
  ];
  return {
    ...section(describeCompany({ name, domain, ...is }), facts.filter((fact) => fact !== '').join(' · ')),
    accessory: button('Card', ACTIONS.showCard, { value: companyId, number }),
  };
}

function describeRun({ kind, pausedBecause, done, failed, total }: RunNews): string {
  const what = { manual: 'A run', scheduled: 'A scheduled run', interactive: 'A lookup', undo: 'An undo' }[
    kind
  ];
  if (pausedBecause !== null)
    return `${what} stopped after ${done} of ${count(total, 'company', 'companies')}: ${cutLine(pausedBecause, 300)}`;
  const bad = failed === 0 ? '' : `, ${failed} failed`;
  return `${what} ended: ${done} of ${count(total, 'company', 'companies')}${bad}`;
}

function describeBudget({ spentUsd, limitUsd }: { spentUsd: number; limitUsd: number }): string {
  const spent = `${formatUsd(spentUsd)} of this month’s ${formatUsd(limitUsd)} are spent`;
  return spentUsd >= limitUsd ? `${spent}: work waits until next month or a higher budget` : spent;
}
