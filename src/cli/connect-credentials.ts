import { readCredentials } from '../connectors/crm-credentials.ts';
import type { Credentials } from '../connectors/crm-credentials.ts';
import type { CrmKind } from '../connectors/crm.ts';
import { UserError } from '../errors.ts';
import type { Context } from './context.ts';

export const SOURCES = ['env', 'prompt', 'stdin'] as const;
export type CredentialsSource = (typeof SOURCES)[number];

// Never from the command line: every user of the machine sees it (ps), and the shell remembers it.
const VARIABLES: Record<CrmKind, Record<string, string>> = {
  salesforce: {
    loginUrl: 'SALESFORCE_LOGIN_URL',
    clientId: 'SALESFORCE_CLIENT_ID',
    clientSecret: 'SALESFORCE_CLIENT_SECRET',
  },
  hubspot: {
    accessToken: 'HUBSPOT_ACCESS_TOKEN',
    baseUrl: 'HUBSPOT_BASE_URL',
    clientSecret: 'HUBSPOT_CLIENT_SECRET',
  },
};

const QUESTIONS: Record<CrmKind, readonly { key: string; question: string; secret: boolean }[]> = {
  salesforce: [
    {
      key: 'loginUrl',
      question: 'My Domain address (https://NAME.my.salesforce.com): ',
      secret: false,
    },
    { key: 'clientId', question: 'Consumer key: ', secret: false },
    { key: 'clientSecret', question: 'Consumer secret (not shown): ', secret: true },
  ],
  hubspot: [{ key: 'accessToken', question: 'Access token or service key (not shown): ', secret: true }],
};

const EXAMPLES: Record<CrmKind, string> = {
  salesforce: '{"loginUrl": "https://NAME.my.salesforce.com", "clientId": "…", "clientSecret": "…"}',
  hubspot:
    '{"accessToken": "…"}, or for an OAuth app {"clientId": "…", "clientSecret": "…", "refreshToken": "…"}',
};

/**
 * The credentials of a connection from where the person says, or else: asked for at a terminal, read as JSON from standard input where
 * the environment holds none. @throws UserError that names what is wrong, never a value
 */
export async function askCredentials(
  context: Context,
  kind: CrmKind,
  source: CredentialsSource | undefined,
): Promise<Credentials> {
  const given = await collect(context, kind, source ?? chooseSource(context, kind));
  const credentials = readCredentials(kind, given);
  if ('problems' in credentials)
    throw new UserError(
      `These are no ${kind} credentials:\n${credentials.problems.map((problem) => `  ${problem}`).join('\n')}`,
      `As JSON: ${EXAMPLES[kind]}`,
    );
  return credentials;
}

function chooseSource({ keyboard, environment }: Context, kind: CrmKind): CredentialsSource {
  if (keyboard.isTyped) return 'prompt';
  const [first = ''] = Object.values(VARIABLES[kind]);
  // Those of the environment lead to the connection "default". Taken for another one while other credentials are piped in, they would
  // give one customer's org to another's workspace.
  if (environment[first]?.trim())
    throw new UserError(
      `Which credentials? The environment holds some (${first}), and others may be piped in`,
      'Say where they are: --credentials stdin, or --credentials env.',
    );
  return 'stdin';
}

async function collect(
  { environment, keyboard, terminal }: Context,
  kind: CrmKind,
  source: CredentialsSource,
): Promise<object> {
  switch (source) {
    case 'env': {
      const names = Object.entries(VARIABLES[kind]);
      const set = names.flatMap(([key, name]) => {
        const value = environment[name]?.trim();
        return value ? [[key, value] as const] : [];
      });
      const used = set.map(([key]) => VARIABLES[kind][key]);
      terminal.note(`Taking the credentials from ${used.join(', ') || 'the environment'}.`);
      return Object.fromEntries(set);
    }
    case 'prompt': {
      const answers: Record<string, string> = {};
      for (const { key, question, secret } of QUESTIONS[kind])
        answers[key] = await keyboard.ask(question, { secret });
      const baseUrl = environment['HUBSPOT_BASE_URL']?.trim();
      return kind === 'hubspot' && baseUrl ? { ...answers, baseUrl } : answers;
    }
    case 'stdin':
      terminal.note('Reading the credentials as JSON from standard input.');
      return parseObject(await keyboard.readAll(), kind);
  }
}

function parseObject(text: string, kind: CrmKind): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, and with it the secret.
    value = null;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UserError('Standard input is no JSON object', `Pipe in ${EXAMPLES[kind]}`);
}
