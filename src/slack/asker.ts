import type { ReplyPlace } from '../pipeline/store/slack-replies.ts';

/** Who asks in Slack, and where the answer goes. */
export type Asker = {
  workspaceId: string;
  teamId: string;
  channelId: string;
  userId: string;
  /** Slack's address for answers to this one request: five messages in thirty minutes (docs.slack.dev, handling user interaction). Null: there is none. */
  responseUrl: string | null;
  place: ReplyPlace;
  /** The thread of the message that was clicked, or that was typed to the app; null where only one person sees that, or there is none. */
  threadTs: string | null;
  /** Slack's own id of the request. */
  requestKey: string;
};

/** What the seal of a response_url is bound to: it opens in the place of no other reply. */
export function boundToReply({ workspaceId, id }: { workspaceId: string; id: string }): string {
  return `slack reply|${workspaceId}|${id}`;
}
