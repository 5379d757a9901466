import type { ChoiceData } from './types.ts';

/**
 * What comes back from a click: `action_id`s, and what each button's `value` holds. Where several buttons of a message do the same, each
 * ends in its number (`choose_score:3`), as ids may not repeat: `patternOf` knows.
 */
export const ACTIONS = {
  /** Buttons of a card; value: the company's id. */
  pitch: 'pitch',
  refresh: 'refresh',
  wrong: 'wrong',
  watch: 'watch',
  unwatch: 'unwatch',
  /** Shows the whole card; value: the company's id. */
  showCard: 'show_card',
  /** Buttons that only open an address. Slack tells of the click all the same: acknowledge it and do nothing. */
  openSalesforce: 'open_salesforce',
  openHubspot: 'open_hubspot',
  openPage: 'open_page',
  /** One of several companies; value: the company's id, and behind it the template that was named, if one was. */
  chooseForScore: 'choose_score',
  chooseForPitch: 'choose_pitch',
  /** App Home. */
  setAlerts: 'set_alerts',
  setLeastMove: 'set_least_move',
  mute: 'mute',
  unmute: 'unmute',
  /** Opens the form for what a channel hears; value: the channel's id, or NO_CHANNEL. */
  channelAlerts: 'channel_alerts',
} as const;

export type Action = (typeof ACTIONS)[keyof typeof ACTIONS];

/** What the ids of that action's buttons look like, for Bolt's `app.action(…)`. */
export function patternOf(action: Action): RegExp {
  return new RegExp(`^${action}(:\\d+)?$`);
}

/** The action of a choice's buttons. */
export function actionOfChoice(purpose: ChoiceData['purpose']): Action {
  return purpose === 'pitch' ? ACTIONS.chooseForPitch : ACTIONS.chooseForScore;
}

/** What the button of a choice holds. */
export function packChoice(companyId: string, template: string | null): string {
  return template === null ? companyId : `${companyId} ${template}`;
}

/** Values of `set_alerts`. */
export const ALERTS = { on: 'on', off: 'off' } as const;

/** Options of `set_least_move`: points as text. */
export const LEAST_MOVES = [5, 10, 20] as const;

/** Options of `mute`: hours as text. */
export const MUTE_HOURS = [24, 72, 168] as const;

/** Value of `channel_alerts` where the channel is still to be chosen. */
export const NO_CHANNEL = 'none';

/** The form behind `channel_alerts`; each field is a block with one element of the same id. */
export const CHANNEL_FORM = {
  callbackId: 'channel_alerts',
  fields: {
    channel: 'channel',
    what: 'what',
    leastMove: 'least_move',
    when: 'when',
    hour: 'hour',
    timeZone: 'time_zone',
    mute: 'mute_channel',
  },
  what: {
    reached: 'Accounts that reach band A',
    moved: 'Accounts whose score moves',
    runs: 'Runs that end or stop',
    budget: 'The month’s budget: 80 % and all of it spent',
  },
} as const;

/** The modal behind "Wrong?". */
export const VOTE = {
  callbackId: 'vote',
  /** `view.state.values[reasonBlock][reasonAction].selected_option.value` is one of VOTE_REASONS. */
  reasonBlock: 'vote_reason',
  reasonAction: 'vote_reason_choice',
  /** `view.state.values[noteBlock][noteAction].value`: text or null, at most `noteLength` characters. */
  noteBlock: 'vote_note',
  noteAction: 'vote_note_text',
  noteLength: 1000,
} as const;

export const VOTE_REASONS = {
  'too-high': 'The score is too high',
  'too-low': 'The score is too low',
  'wrong-company': 'A quote is about another company',
  'wrong-claim': 'A claim is wrong or out of date',
  'wrong-people': 'A contact or competitor is wrong',
  other: 'Something else',
} as const;

/** Message shortcut "Score this company": Slack allows a name of 24 characters. */
export const SHORTCUTS = { scoreMessage: 'score_message' } as const;
