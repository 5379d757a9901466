import { SlackRefusal } from './answers.ts';
import { needText, readCount, readFlag, readText } from './args.ts';
import { needChannel, needChannelScope, needJoined, openIm, showChannel } from './channels.ts';
import type { Message } from './events.ts';
import { parseTs } from './ids.ts';
import { showMessage } from './messages.ts';
import type { ApiCall, Method, Slack } from './slack.ts';
import type { Channel } from './team.ts';

const HISTORY = ['channels:history', 'groups:history', 'im:history'];
const READ = ['channels:read', 'groups:read', 'im:read'];
// "conversations.history": at most 999 of the newest, a hundred unless told.
const MOST_MESSAGES = 999;
const USUAL_MESSAGES = 100;

/** One page of what lies between `oldest` and `latest`; a cursor is the place where the next one starts. */
function page(slack: Slack, call: ApiCall, messages: readonly Message[]): Record<string, unknown> {
  const { args } = call;
  const inclusive = readFlag(args, 'inclusive', false);
  const bound = (name: string, otherwise: number): number => parseTs(readText(args, name) ?? '') ?? otherwise;
  const [oldest, latest] = [bound('oldest', 0), bound('latest', Number.POSITIVE_INFINITY)];
  const within = messages.filter(({ ts }) => {
    const at = parseTs(ts) ?? 0;
    return (at > oldest && at < latest) || (inclusive && (at === oldest || at === latest));
  });
  const start = Number(readText(args, 'cursor') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new SlackRefusal('invalid_cursor');
  const end = start + readCount(args, 'limit', USUAL_MESSAGES, MOST_MESSAGES);
  const withMetadata = readFlag(args, 'include_all_metadata', false);
  const hasMore = within.length > end;
  return {
    messages: within.slice(start, end).map((message) => showMessage(slack, message, { withMetadata })),
    has_more: hasMore,
    ...(hasMore ? { response_metadata: { next_cursor: String(end) } } : {}),
  };
}

function listOpen(slack: Slack, call: ApiCall): { channel: Channel; messages: Message[] } {
  const channel = needJoined(slack, call, needText(call.args, 'channel'));
  needChannelScope(call, channel, 'history');
  const all = slack.state.messages(call.team.id, channel.id);
  return { channel, messages: all.filter(({ deleted, onlyFor }) => !deleted && onlyFor === null) };
}

export const conversationMethods: Record<string, Method> = {
  'conversations.history': {
    scopes: HISTORY,
    run: (slack, call) => {
      const { messages } = listOpen(slack, call);
      const parents = messages.filter(({ threadTs }) => threadTs === null);
      return page(slack, call, parents.toReversed());
    },
  },
  'conversations.replies': {
    scopes: HISTORY,
    run: (slack, call) => {
      const { messages } = listOpen(slack, call);
      const ts = needText(call.args, 'ts');
      const thread = messages.filter((message) => message.ts === ts || message.threadTs === ts);
      if (thread.length === 0) throw new SlackRefusal('thread_not_found');
      return page(slack, call, thread);
    },
  },
  'conversations.info': {
    scopes: READ,
    run: (slack, call) => {
      const channel = needChannel(slack, call, needText(call.args, 'channel'));
      needChannelScope(call, channel, 'read');
      return { channel: showChannel(call.team, channel) };
    },
  },
  'conversations.open': {
    scopes: ['im:write', 'mpim:write'],
    run: (slack, call) => {
      const users = needText(call.args, 'users').split(',');
      const [user = ''] = users;
      if (users.length > 1) throw new SlackRefusal('too_many_users');
      if (!call.team.people.has(user)) throw new SlackRefusal('user_not_found');
      const alreadyOpen = call.team.channels.size;
      const channel = openIm(slack, call.team, user);
      const isNew = call.team.channels.size > alreadyOpen;
      const full = readFlag(call.args, 'return_im', false);
      return {
        ...(isNew ? {} : { no_op: true, already_open: true }),
        channel: full ? showChannel(call.team, channel) : { id: channel.id },
      };
    },
  },
  'conversations.list': {
    scopes: READ,
    run: (_slack, call) => {
      const kinds = (readText(call.args, 'types') ?? 'public_channel').split(',');
      const wanted = new Set(kinds.map((kind) => kind.replace(/_channel$/, '')));
      const channels = [...call.team.channels.values()].filter(
        ({ kind, members }) => wanted.has(kind) && (kind === 'public' || members.has(call.team.botUser)),
      );
      return {
        channels: channels.map((channel) => showChannel(call.team, channel)),
        response_metadata: { next_cursor: '' },
      };
    },
  },
  'conversations.join': {
    scopes: ['channels:join'],
    run: (slack, call) => {
      const channel = needChannel(slack, call, needText(call.args, 'channel'));
      if (channel.kind !== 'public') throw new SlackRefusal('method_not_supported_for_channel_type');
      const { team } = call;
      slack.state.commit({ kind: 'joined', team: team.id, channel: channel.id, user: team.botUser });
      return { channel: showChannel(team, channel) };
    },
  },
};
