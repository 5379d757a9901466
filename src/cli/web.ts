import type { App } from '../app.ts';
import { openIdentity } from '../app-connectors.ts';
import { describeError } from '../errors.ts';
import { listModels } from '../pipeline/6-pitch/choose-model.ts';
import { deriveAttemptKey } from '../web/auth/attempts.ts';
import { isBehindUnknownProxy } from '../web/client-address.ts';
import { createWebServer } from '../web/server.ts';
import type { ProviderCheck, SignIn } from '../web/deps.ts';

export type OpenWeb = { port: number; close(): Promise<void> };

// The worker of the same process stops after it and takes up to 21 s; hosts kill what has not stopped within 30 s.
const GRACE_MS = 5_000;

/** What it means that nobody said which proxies stand before an https address. */
export const NOBODY_IS_LIMITED =
  'TRUST_PROXY is not set, so that callers cannot be told apart and nothing limits how often one tries to come in';

/** Starts the web server; `elseAnyPort` takes a free port where the configured one is taken. */
export async function openWeb(app: App, options: { elseAnyPort: boolean }): Promise<OpenWeb> {
  const { config } = app;
  const signIn = openSignIn(app);
  if (isBehindUnknownProxy(config)) app.log.warn(NOBODY_IS_LIMITED);
  const open = async (port: number): Promise<OpenWeb> => {
    const server = createWebServer({
      ...app,
      textModels: listModels(app.connectors.textModel),
      publicUrl: config.publicUrl,
      trustProxy: config.trustProxy,
      monthlyBudgetUsd: config.monthlyBudgetUsd,
      host: config.host,
      signIn,
      checkProviders: (signal) => checkProviders(app, signal),
    });
    const { port: taken } = await server.listen(port, config.host);
    return { port: taken, close: () => server.close(GRACE_MS) };
  };
  try {
    return await open(config.port);
  } catch (error) {
    if (!options.elseAnyPort) throw error;
    return open(0);
  }
}

function openSignIn({ config, workspaceId }: App): SignIn | null {
  const provider = openIdentity(config);
  if (provider === null || config.oidc === null) return null;
  const { allowedEmails, clientSecret } = config.oidc;
  return { provider, allowedEmails, attemptKey: deriveAttemptKey(clientSecret), workspaceId };
}

/**
 * Every configured provider. Only the LLM endpoint can be asked for nothing (its models); calls to the others cost credits or
 * quota, so there the breaker speaks, which readiness joins by name.
 */
async function checkProviders(app: App, signal: AbortSignal): Promise<ProviderCheck[]> {
  const { config } = app;
  const named = [
    ...new Set(app.connections.map((connection) => connection.kind)),
    ...(config.tavily ? ['tavily'] : []),
    ...(config.websiteReaderUrl ? ['website'] : []),
  ];
  return [
    ...named.map((name) => ({ name, ok: true, detail: 'configured' })),
    ...(await checkLlm(app, signal)),
  ];
}

async function checkLlm(app: App, signal: AbortSignal): Promise<ProviderCheck[]> {
  const { textModel } = app.connectors;
  if (textModel === null) return [];
  try {
    const { models } = await textModel.check({ signal });
    return [{ name: textModel.name, ok: true, detail: `serves ${models.slice(0, 3).join(', ')}` }];
  } catch (error) {
    return [{ name: textModel.name, ok: false, detail: describeError(error) }];
  }
}
