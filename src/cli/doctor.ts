import type { Command } from 'commander';
import { openServer } from '../app.ts';
import { openConnectors, openIdentity } from '../app-connectors.ts';
import { readConfig, requirePublicUrl } from '../config.ts';
import type { Config } from '../config.ts';
import { noBreaker, noLimits } from '../connectors/resilience.ts';
import { UserError, describeError } from '../errors.ts';
import { migrate } from '../migrate.ts';
import { SETTINGS } from '../settings.ts';
import { checkToken } from '../slack/check-token.ts';
import { createSlackClients } from '../slack/clients.ts';
import { isBehindUnknownProxy } from '../web/client-address.ts';
import type { Context } from './context.ts';
import { checkConnections } from './doctor-connections.ts';
import { NOBODY_IS_LIMITED } from './web.ts';

export type Finding = { name: string; status: 'ok' | 'failed'; detail: string };

const CHECK_TIMEOUT_MS = 15_000;

/** `fieldnote doctor`: what is set, what is missing and what that disables, whether database and LLM answer, how connections are. */
export function addDoctor(program: Command, { environment, terminal, signal }: Context): void {
  program
    .command('doctor')
    .description('what is set, what is missing, and what that disables')
    .option('--json', 'print as JSON')
    .action(async (options: { json?: boolean }) => {
      const settings = describeSettings(environment);
      const config = readConfig(environment);
      const checks = [
        checkPublicUrl(config),
        ...(await checkDatabase(config)),
        ...(await checkLlm(config, signal)),
        ...(await checkSlack(config)),
        ...(await checkSignIn(config)),
      ];
      if (options.json) terminal.json({ settings, checks });
      else {
        terminal.table(
          ['setting', 'is', 'meaning'],
          settings.map((row) => [row.name, row.value, row.meaning]),
        );
        terminal.print('');
        terminal.table(
          ['unavailable', 'until you set'],
          [...groupMissing(settings)].map(([what, names]) => [what, names.join(', ')]),
        );
        terminal.print('');
        for (const check of checks)
          terminal.print(`${check.status === 'ok' ? '✔' : '✘'} ${check.name}: ${check.detail}`);
      }
      const failed = checks.filter((check) => check.status === 'failed');
      if (failed.length > 0)
        throw new UserError(`${failed.map((check) => check.name).join(' and ')} failed its check`);
    });
}

function checkPublicUrl(config: Config): Finding {
  const name = 'PUBLIC_URL';
  try {
    requirePublicUrl(config);
    const told = isBehindUnknownProxy(config) ? `; ${NOBODY_IS_LIMITED}` : '';
    return { name, status: 'ok', detail: `links in the CRM lead to ${config.publicUrl}${told}` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name, status: 'failed', detail: [error.message, error.fix].filter(Boolean).join('. ') };
  }
}

type SettingState = {
  name: string;
  set: boolean;
  value: string;
  meaning: string;
  disables: string | null;
};

/** Every setting with its state; secrets are never shown. */
function describeSettings(environment: Record<string, string | undefined>): SettingState[] {
  return SETTINGS.map((setting) => {
    const given = environment[setting.name]?.trim();
    const set = given !== undefined && given !== '';
    return {
      name: setting.name,
      set,
      value: set
        ? setting.secret
          ? 'set'
          : given
        : setting.default === undefined
          ? '–'
          : `(${setting.default})`,
      meaning: setting.meaning,
      disables: !set && setting.default === undefined ? (setting.disables ?? null) : null,
    };
  });
}

function groupMissing(settings: readonly SettingState[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, disables } of settings) {
    if (disables === null) continue;
    groups.set(disables, [...(groups.get(disables) ?? []), name]);
  }
  return groups;
}

async function checkDatabase(config: Config): Promise<Finding[]> {
  const name = 'database';
  try {
    const server = await openServer(config);
    try {
      await migrate(server.url);
      const detail = config.databaseUrl === null ? `embedded, under ${config.home}` : 'answers';
      return [{ name, status: 'ok', detail }, ...(await checkConnections(config, server.url))];
    } finally {
      await server.release();
    }
  } catch (error) {
    return [{ name, status: 'failed', detail: describeError(error) }];
  }
}

async function checkSlack({ slack, secretKey }: Config): Promise<Finding[]> {
  if (slack === null || slack.botToken === null) return [];
  const name = 'Slack';
  try {
    const { team, user, missing } = await checkToken(createSlackClients(slack), slack.botToken);
    if (missing.length > 0)
      return [{ name, status: 'failed', detail: `the app lacks scopes in ${team}: ${missing.join(', ')}` }];
    const how = slack.signingSecret === null ? 'Socket Mode' : 'Slack calls PUBLIC_URL/slack/events';
    const sealed =
      secretKey === null
        ? `; without SECRET_KEY, ${slack.signingSecret === null ? 'SLACK_APP_TOKEN' : 'SLACK_SIGNING_SECRET'} seals where answers go: give all processes the same`
        : '';
    return [{ name, status: 'ok', detail: `${user} in ${team}; ${how}${sealed}` }];
  } catch (error) {
    return [{ name, status: 'failed', detail: describeError(error) }];
  }
}

async function checkSignIn(config: Config): Promise<Finding[]> {
  const provider = openIdentity(config);
  if (provider === null) return [];
  const name = 'sign-in';
  try {
    const issuer = await provider.check();
    return [
      {
        name,
        status: 'ok',
        detail: `${issuer} answers; redirect address ${config.publicUrl}/sign-in/callback`,
      },
    ];
  } catch (error) {
    return [{ name, status: 'failed', detail: describeError(error) }];
  }
}

async function checkLlm(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const { textModel } = openConnectors(config, { limits: noLimits, breaker: noBreaker });
  if (textModel === null || config.llm === null) return [];
  try {
    const { models } = await textModel.check({
      signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]),
    });
    const { baseUrl, model, others } = config.llm;
    const missing = [model, ...others].filter((name) => !models.includes(name));
    return [
      {
        name: 'LLM',
        status: missing.length === 0 ? 'ok' : 'failed',
        detail:
          missing.length === 0
            ? `${baseUrl} serves ${[model, ...others].join(', ')}`
            : `${baseUrl} does not serve ${missing.join(', ')}; it serves ${models.slice(0, 5).join(', ')}`,
      },
    ];
  } catch (error) {
    return [{ name: 'LLM', status: 'failed', detail: describeError(error) }];
  }
}
