import { randomBytes } from 'node:crypto';
import type { Express, Response } from 'express';
import { SlackRefusal } from './answers.ts';
import { readFlag, readText } from './args.ts';
import type { Args } from './args.ts';
import type { Hook, Message } from './events.ts';
import { changeMessage, readContent, writeMessage } from './messages.ts';
import type { Slack } from './slack.ts';

// "Handling user interaction", Message responses: five times within thirty minutes.
const MOST_USES = 5;
const LIFETIME_MS = 30 * 60_000;

/** Makes a response_url. `ts` is the message that was acted on; null for a slash command. */
export function makeResponseUrl(
  slack: Slack,
  from: { team: string; channel: string; user: string; ts: string | null },
): string {
  const id = randomBytes(18).toString('base64url');
  const hook: Hook = { ...from, id, madeAt: slack.clock.now().getTime() };
  slack.state.commit({ kind: 'hook', hook });
  return `${slack.url()}/${from.ts === null ? 'commands' : 'actions'}/${from.team}/${id}`;
}

/** Mounts the addresses to which an app answers later. */
export function mountResponseUrls(app: Express, slack: Slack): void {
  app.post(['/commands/:team/:id', '/actions/:team/:id'], (request, response) => {
    response.locals.operation = 'response_url';
    const hook = slack.state.hook(String(request.params.id));
    if (hook === undefined || hook.team !== request.params.team) return refuse(response, 404, 'no_service');
    if (hook.uses >= MOST_USES) return refuse(response, 404, 'used_url');
    if (slack.clock.now().getTime() - hook.madeAt > LIFETIME_MS) return refuse(response, 404, 'expired_url');
    response.locals.about = hook.channel;
    try {
      const args: Args = { ...Object(request.body) };
      const act = readResponse(slack, hook, args);
      slack.state.commit({ kind: 'hook used', id: hook.id });
      act();
      response.type('text/plain').send('ok');
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      response.status(400).json({ ok: false, error: error.error, ...error.more });
    }
  });
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ ok: false, error });
}

/** Checks what was sent; what it returns carries it out. @throws SlackRefusal */
function readResponse(slack: Slack, hook: Hook, args: Args): () => void {
  const source = hook.ts === null ? undefined : slack.state.message(hook.team, hook.channel, hook.ts);
  if (readFlag(args, 'delete_original', false)) {
    // A slash command has no message of its own that could go.
    return () => {
      if (source !== undefined)
        slack.state.commit({ kind: 'message', message: { ...source, deleted: true } });
    };
  }
  const content = readContent(args);
  if (content.text === '' && (content.blocks ?? []).length === 0) throw new SlackRefusal('no_text');
  // With a slash command's response_url `replace_original` just writes another message (slackapi/bolt-js#2287).
  if (readFlag(args, 'replace_original', false) && source !== undefined && !source.deleted)
    return () => {
      // What is replaced goes as a whole.
      changeMessage(slack, source, { ...content, blocks: content.blocks ?? [] });
    };
  return () => {
    answerAsApp(slack, hook, args);
  };
}

/** Writes what an app answers to a person: seen by that person alone unless it says `in_channel`. @throws SlackRefusal */
export function answerAsApp(slack: Slack, to: Omit<Hook, 'id' | 'madeAt' | 'ts'>, args: Args): Message {
  const team = slack.state.team(to.team);
  return writeMessage(slack, {
    team,
    channel: to.channel,
    author: team.botUser,
    content: readContent(args),
    threadTs: readText(args, 'thread_ts') ?? null,
    onlyFor: readText(args, 'response_type') === 'in_channel' ? null : to.user,
  });
}
