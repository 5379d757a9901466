import type { HomeView, KnownBlock, ModalView } from '@slack/types';
import type { CrmKind } from '../../connectors/crm.ts';
import type { ScoreCard } from '../../pipeline/score-card.ts';
import type { STAGE_NAMES } from '../../pipeline/stage.ts';
import type { ChannelWishes } from '../../pipeline/store/slack-channel-alerts.ts';

/**
 * A message for chat.postMessage, chat.update or a response_url. Within Slack's limits, with no mention and no link but to sources, records
 * and our own pages. The sender adds `unfurl_links: false, unfurl_media: false`: Slack would show previews of the sources otherwise.
 */
export type Message = { text: string; blocks: KnownBlock[] };
export type Home = HomeView;
export type Modal = ModalView;
/** What chat.unfurl takes for one link: `unfurls: { [url]: unfurl }`. */
export type Unfurl = { blocks: KnownBlock[] };

/** Everything that a card shows of one company, for the person who asked. */
export type CardData = ScoreCard & {
  companyId: string;
  /** Our own page about the company: an address that we made. */
  ours: string;
  /** Points since the score before this one; null: there is none to compare with. */
  trend: number | null;
  /** The place of the company among the scored ones of the person's own book, from 1; null: not in it, or no book. */
  rank: { place: number; of: number } | null;
  /** Where the company lies in the CRMs, the most telling record first. Empty where we can't say the address. */
  records: { crm: CrmKind; url: string }[];
  inCrm: boolean;
  /** Older than what answers at once: a refresh is worth its price. */
  stale: boolean;
  /** The person watches the company. Left out: no. */
  watched?: boolean;
};

type StageName = (typeof STAGE_NAMES)[number];

/** How far a lookup has come. One company shows its stages one by one, several show a line each. */
export type ProgressData = {
  companies: {
    /** What the person asked for: a name or a domain. */
    subject: string;
    /** The stage at work now, not the last one that finished; `waiting`: nobody has begun. */
    at: 'waiting' | StageName | 'done' | 'failed';
  }[];
  /** Since the person asked. */
  seconds: number;
  /** What they asked for; left out: a score. */
  purpose?: 'score' | 'pitch';
};

/** A name that fits several companies. */
export type ChoiceData = {
  asked: string;
  /** What happens with the chosen one: the button's action says it (see actions.ts). */
  purpose: 'score' | 'pitch';
  /** The best first; ten are shown. */
  companies: { companyId: string; name: string; domain: string; score: number | null; band: string | null }[];
  /** How many fit besides those given. */
  more: number;
  /** The template that was named; null or left out: none was. */
  template?: string | null;
};

/** Something that did not work, and the one thing that would fix it. */
export type ProblemData = {
  what: string;
  fix?: string;
  /** The company for which a button offers another try. */
  companyId?: string;
};

/** A company in a list. */
export type Listed = {
  companyId: string;
  name: string;
  domain: string;
  score: number | null;
  band: string | null;
  trend: number | null;
  ours: string;
};

/** What a person is told without asking. */
export type AlertSettings = {
  on: boolean;
  /** ISO time until which nothing is sent; null: not muted. */
  mutedUntil: string | null;
  /** The least move in points that is told; one of LEAST_MOVES in actions.ts. */
  leastMove: number;
};

/** A channel that hears of what happens. */
export type ChannelListed = {
  channelId: string;
  wishes: ChannelWishes;
  /** ISO time; null: not muted. */
  mutedUntil: string | null;
  /** Why nothing can be posted there; null: it can. */
  problem: string | null;
};

export type HomeData = {
  /** False: no CRM user has the person's e-mail address, so nobody knows which accounts are theirs. */
  known: boolean;
  /** Own accounts by score, the best first, and how many there are in all. */
  accounts: Listed[];
  total: number;
  /** What moved within a week, the largest move first: `trend` is the move, `because` why; "" where nobody can say. */
  moved: (Listed & { because: string })[];
  alerts: AlertSettings;
  /** The channels whose alerts the person set, those that need them first. */
  channels: ChannelListed[];
  /** Our page of all companies. */
  ours: string;
};

export type VoteData = {
  companyId: string;
  name: string;
  score: number | null;
  band: string | null;
  /** Where the card stands, so that a thank-you can go there; null: unknown. Comes back in the modal's metadata. */
  origin: { channel: string; ts: string } | null;
};

/** A move that is worth a message. */
export type AlertData = {
  card: CardData;
  /** What the score was before; null: the first one. */
  before: { score: number; band: string } | null;
  /** The channel that is told of it; left out: one person is. */
  channelId?: string | null;
};
