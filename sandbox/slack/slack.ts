import type { TwinClock } from '../kit/clock.ts';
import type { DeliverySettings } from './settings.ts';
import type { Sockets } from './sockets.ts';
import type { SlackState, TokenState } from './state.ts';
import type { Args } from './args.ts';
import type { Deliveries } from './deliveries.ts';
import type { EventSender } from './event-sender.ts';
import type { Modals } from './modals.ts';
import type { Team } from './team.ts';
import type { Triggers } from './triggers.ts';
import type { Uploads } from './uploads.ts';

/** What the twin's parts share. */
export type Slack = {
  state: SlackState;
  clock: TwinClock;
  /** The twin's own address, without a slash at its end. */
  url(): string;
  triggers: Triggers;
  modals: Modals;
  uploads: Uploads;
  deliveries: Deliveries;
  events: EventSender;
  sockets: Sockets;
  settings(): DeliverySettings;
};

/** One call of the Web API by an app that is let in. */
export type ApiCall = { args: Args; token: TokenState; team: Team };

/** A method: any one of its scopes is enough (none: every token may), and what it does. */
export type Method = {
  scopes: readonly string[];
  run(slack: Slack, call: ApiCall): Record<string, unknown>;
};
