import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { signBody } from '../../sandbox/slack/deliveries.ts';
import { startWebProcess } from './processes.ts';

const Dump = z.object({
  teams: z.array(
    z.object({
      id: z.string(),
      people: z.array(z.object({ id: z.string(), isBot: z.boolean() })),
      channels: z.array(z.object({ id: z.string(), name: z.string() })),
    }),
  ),
});

/** Slack's side of a web server, called from this process: the twin's own is busy with the batch. */
export type SlackFront = {
  /** Types a command in a channel that the app is in; the answer that comes with the acknowledgement (null: none came in time), and the milliseconds it took. */
  command(command: string, text: string): Promise<{ ms: number; answer: string | null }>;
  stop(): Promise<void>;
};

/** Starts the product's web process for the Slack twin that the environment names. */
export async function openSlackFront(environment: Record<string, string>): Promise<SlackFront> {
  const { SLACK_API_URL: api = '', SLACK_SIGNING_SECRET: secret = '' } = environment;
  const { origin } = new URL(api);
  const { teams } = Dump.parse(await (await fetch(`${origin}/_twin/dump`)).json());
  const [team] = teams;
  const channel = team?.channels.find(({ name }) => name === 'sales');
  const person = team?.people.find(({ isBot }) => !isBot);
  if (team === undefined || channel === undefined || person === undefined)
    throw new Error('the Slack twin has nobody to ask');
  const web = await startWebProcess(environment);
  return {
    command: async (command, text) => {
      const body = new URLSearchParams({
        command,
        text,
        team_id: team.id,
        channel_id: channel.id,
        user_id: person.id,
        api_app_id: 'A0BENCH',
        trigger_id: randomUUID(),
        response_url: `${origin}/commands/${team.id}/bench`,
      }).toString();
      const began = performance.now();
      const response = await fetch(`${web.url}/slack/events`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...signBody(secret, body, Math.floor(Date.now() / 1000)),
        },
        body,
        signal: AbortSignal.timeout(60_000),
      });
      const answer = await response.text();
      const ms = performance.now() - began;
      // What Slack's library says of a command that was not acknowledged within Slack's three seconds.
      if (response.status === 404) return { ms, answer: null };
      if (!response.ok) throw new Error(`${command} ${text}: ${response.status} ${answer}`);
      return { ms, answer };
    },
    stop: () => web.stop(),
  };
}
