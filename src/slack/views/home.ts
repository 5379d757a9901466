import type { KnownBlock, PlainTextOption } from '@slack/types';
import { ACTIONS, ALERTS, LEAST_MOVES, MUTE_HOURS } from './actions.ts';
import { actions, button, context, header, linkButton, plain, section } from './blocks.ts';
import { describeCompany, describeTrend } from './standing.ts';
import { describeMute } from './channel-wishes.ts';
import { showChannels } from './home-channels.ts';
import { count, cutLine } from './text.ts';
import type { AlertSettings, Home, HomeData, Listed } from './types.ts';

// A Home tab takes 100 blocks; more rows than a phone scrolls through are better looked at in Fieldnote.
const ACCOUNTS_SHOWN = 20;
const MOVES_SHOWN = 8;

/** The App Home tab: what moved this week, own accounts by score, and what to be told. */
export function showHome(home: HomeData): Home {
  return {
    type: 'home',
    blocks: [
      ...showMoves(home),
      ...showAccounts(home),
      { type: 'divider' },
      ...showAlerts(home.alerts),
      ...showChannels(home.channels),
    ],
  };
}

function showMoves({ moved, known }: HomeData): KnownBlock[] {
  if (!known) return [];
  const shown = moved.slice(0, MOVES_SHOWN);
  const rest = moved.length - shown.length;
  return [
    header('Moved this week'),
    ...shown.map((company, number) =>
      showRow(company, [describeTrend(company.trend, ''), cutLine(company.because, 240)], number),
    ),
    ...(shown.length === 0 ? [section('Nothing moved.')] : []),
    ...(rest > 0 ? [context([`${rest} more moved less`])] : []),
  ];
}

function showAccounts({ accounts, total, known, ours }: HomeData): KnownBlock[] {
  const page = linkButton('All companies in Fieldnote', ACTIONS.openPage, ours);
  const open: KnownBlock[] = page.length > 0 ? [actions(page)] : [];
  if (!known)
    return [
      header('Your accounts'),
      section(
        'No user of your CRM has the e-mail address that you use in Slack, so nobody knows which accounts are yours. Ask whoever runs your CRM to give both the same address.',
      ),
      ...open,
    ];
  const shown = accounts.slice(0, ACCOUNTS_SHOWN);
  const rest = Math.max(total, accounts.length) - shown.length;
  return [
    header('Your accounts'),
    ...shown.map((company, index) =>
      // Numbered on from the rows above: ids may not repeat.
      showRow(company, [describeTrend(company.trend, '')], MOVES_SHOWN + index),
    ),
    ...(shown.length === 0 ? [section('You own no account in a connected CRM.')] : []),
    ...(rest > 0 ? [context([`${count(rest, 'more account', 'more accounts')} in Fieldnote`])] : []),
    ...open,
  ];
}

function showRow(company: Listed, facts: readonly string[], number: number): KnownBlock {
  const about = [...facts, cutLine(company.domain, 60)].filter((fact) => fact !== '').join(' · ');
  return {
    ...section(describeCompany(company), about),
    accessory: button('Card', ACTIONS.showCard, { value: company.companyId, number }),
  };
}

function showAlerts({ on, mutedUntil, leastMove }: AlertSettings): KnownBlock[] {
  const told = `On: you get a message when one of your accounts moves by ${leastMove} points or into another band`;
  const moves = LEAST_MOVES.map((points) => option(`from ${points} points`, String(points)));
  const current = moves.find(({ value }) => value === String(leastMove));
  const hours = MUTE_HOURS.map((amount) => option(`for ${count(amount / 24, 'day')}`, String(amount)));
  const mute =
    mutedUntil === null
      ? ({
          type: 'static_select',
          action_id: ACTIONS.mute,
          placeholder: plain('Mute'),
          options: hours,
        } as const)
      : button('Unmute', ACTIONS.unmute);
  const least = {
    type: 'static_select',
    action_id: ACTIONS.setLeastMove,
    placeholder: plain('from how many points'),
    options: moves,
    ...(current === undefined ? {} : { initial_option: current }),
  } as const;
  const toggle = button(on ? 'Turn off' : 'Turn on', ACTIONS.setAlerts, {
    value: on ? ALERTS.off : ALERTS.on,
  });
  return [
    header('Alerts'),
    section(on ? `${told}${describeMute(mutedUntil)}.` : 'Off: nobody writes to you unasked.'),
    actions(on ? [toggle, least, mute] : [toggle]),
  ];
}

function option(words: string, value: string): PlainTextOption {
  return { text: plain(words, 75), value };
}
