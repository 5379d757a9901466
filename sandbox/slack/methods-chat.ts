import { z } from 'zod';
import { SlackRefusal } from './answers.ts';
import { needText, readJson, readText } from './args.ts';
import { findChannel, needChannel, needJoined } from './channels.ts';
import type { Message } from './events.ts';
import { changeMessage, readBlocks, readContent, showMessage, writeMessage } from './messages.ts';
import type { Content } from './messages.ts';
import type { ApiCall, Method, Slack } from './slack.ts';
import type { Channel } from './team.ts';

const scopes = ['chat:write'];

/** A channel that the app may write to. */
function needWritable(slack: Slack, call: ApiCall): Channel {
  const channel = needChannel(slack, call, needText(call.args, 'channel'));
  const may = call.token.scopes.includes('chat:write.public') && channel.kind === 'public';
  if (!may && !channel.members.has(call.team.botUser)) throw new SlackRefusal('not_in_channel');
  if (channel.archived) throw new SlackRefusal('is_archived');
  return channel;
}

function needContent(call: ApiCall): Content {
  const content = readContent(call.args);
  if (content.text === '' && (content.blocks ?? []).length === 0) throw new SlackRefusal('no_text');
  return content;
}

/** The message above a thread. @throws SlackRefusal thread_not_found */
function readThread(slack: Slack, call: ApiCall, channel: Channel): string | null {
  const ts = readText(call.args, 'thread_ts');
  if (ts === undefined) return null;
  const parent = slack.state.message(call.team.id, channel.id, ts);
  if (parent === undefined || parent.deleted || parent.onlyFor !== null)
    throw new SlackRefusal('thread_not_found');
  return parent.threadTs ?? parent.ts;
}

function needOwn(slack: Slack, call: ApiCall, channel: Channel, refusal: string): Message {
  const message = slack.state.message(call.team.id, channel.id, needText(call.args, 'ts'));
  if (message === undefined || message.deleted) throw new SlackRefusal('message_not_found');
  // An ephemeral message can only be changed by a response_url.
  if (message.author !== call.team.botUser || message.onlyFor !== null) throw new SlackRefusal(refusal);
  return message;
}

const postMessage: Method = {
  scopes,
  run: (slack, call) => {
    const channel = needWritable(slack, call);
    const content = needContent(call);
    const message = writeMessage(slack, {
      team: call.team,
      channel: channel.id,
      author: call.team.botUser,
      content,
      threadTs: readThread(slack, call, channel),
    });
    return {
      channel: channel.id,
      ts: message.ts,
      message: showMessage(slack, message, { withMetadata: true }),
    };
  },
};

const postEphemeral: Method = {
  scopes,
  run: (slack, call) => {
    const channel = needWritable(slack, call);
    const user = needText(call.args, 'user');
    if (!channel.members.has(user)) throw new SlackRefusal('user_not_in_channel');
    const content = needContent(call);
    const { team } = call;
    const threadTs = readThread(slack, call, channel);
    const written = { team, channel: channel.id, author: team.botUser, content, threadTs, onlyFor: user };
    return { message_ts: writeMessage(slack, written).ts };
  },
};

const update: Method = {
  scopes,
  run: (slack, call) => {
    const channel = needChannel(slack, call, needText(call.args, 'channel'));
    const message = needOwn(slack, call, channel, 'cant_update_message');
    const changed = changeMessage(slack, message, needContent(call));
    return { channel: channel.id, ts: changed.ts, text: changed.text, message: showMessage(slack, changed) };
  },
};

const remove: Method = {
  scopes,
  run: (slack, call) => {
    const channel = needChannel(slack, call, needText(call.args, 'channel'));
    const message = needOwn(slack, call, channel, 'cant_delete_message');
    slack.state.commit({ kind: 'message', message: { ...message, deleted: true } });
    return { channel: channel.id, ts: message.ts };
  },
};

const Unfurls = z.record(
  z.string(),
  z.object({ blocks: z.unknown().optional(), text: z.string().optional() }).catchall(z.unknown()),
);

const unfurl: Method = {
  scopes: ['links:write'],
  run: (slack, call) => {
    const told = readJson(call.args, 'unfurls');
    if (told === undefined) throw new SlackRefusal('missing_unfurls');
    const unfurls = Unfurls.safeParse(told);
    if (!unfurls.success) throw new SlackRefusal('invalid_unfurls_format');
    const message = findUnfurled(slack, call);
    const shown = Object.entries(unfurls.data).map(([url, card]) => {
      const { hostname } = URL.canParse(url) ? new URL(url) : { hostname: '' };
      const domains = slack.settings().unfurlDomains;
      if (!domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`)))
        throw new SlackRefusal('cannot_unfurl_url');
      return { url, blocks: readBlocks(card.blocks) ?? [], text: card.text ?? '' };
    });
    const others = message.unfurls.filter(({ url }) => !shown.some((each) => each.url === url));
    slack.state.commit({ kind: 'message', message: { ...message, unfurls: [...others, ...shown] } });
    return {};
  },
};

function findUnfurled(slack: Slack, call: ApiCall): Message {
  const { args, team } = call;
  // In link_shared an unfurl_id is the twin's CHANNEL/TS.
  const id = readText(args, 'unfurl_id');
  const [named, ts] = id?.split('/') ?? [readText(args, 'channel'), readText(args, 'ts')];
  const channel = named === undefined ? undefined : findChannel(slack, team, named);
  const message =
    channel === undefined || ts === undefined ? undefined : slack.state.message(team.id, channel.id, ts);
  if (message === undefined || message.deleted) throw new SlackRefusal('cannot_find_message');
  return message;
}

const getPermalink: Method = {
  scopes: [],
  run: (slack, call) => {
    const channel = needJoined(slack, call, needText(call.args, 'channel'));
    const ts = needText(call.args, 'message_ts');
    if (slack.state.message(call.team.id, channel.id, ts) === undefined)
      throw new SlackRefusal('message_not_found');
    const permalink = `https://${call.team.domain}.slack.com/archives/${channel.id}/p${ts.replace('.', '')}`;
    return { channel: channel.id, permalink };
  },
};

export const chatMethods: Record<string, Method> = {
  'chat.postMessage': postMessage,
  'chat.postEphemeral': postEphemeral,
  'chat.update': update,
  'chat.delete': remove,
  'chat.unfurl': unfurl,
  'chat.getPermalink': getPermalink,
};
