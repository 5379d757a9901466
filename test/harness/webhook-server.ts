import type { App } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { listModels } from '../../src/pipeline/6-pitch/choose-model.ts';
import { createWebServer } from '../../src/web/server.ts';

/** What HubSpot calls; a proxy hands it on to a port of this machine. */
export const PUBLIC_URL = 'https://fieldnote.example';
export const HUBSPOT_TARGET = `${PUBLIC_URL}/hubspot/webhooks`;
/** The client secret of the sandbox's HubSpot app. */
export const HUBSPOT_SECRET = 'sandbox-hubspot-app-secret';

export type WebhookServer = {
  /** Where calls really arrive. */
  base: string;
  /** One of the counters `webhook_deliveries`, `changes_told`, by outcome. */
  counted(name: string, outcome: string): Promise<number>;
  close(): Promise<void>;
};

/** An app's web server behind a proxy, with counters of its own. `publicUrl`: what people call it by. */
export async function openWebhookServer(
  app: App,
  { publicUrl = PUBLIC_URL }: { publicUrl?: string } = {},
): Promise<WebhookServer> {
  const metrics = createMetrics();
  const log = createLog('silent');
  const server = createWebServer({
    ...app,
    textModels: listModels(app.connectors.textModel),
    monthlyBudgetUsd: null,
    metrics,
    log,
    host: '127.0.0.1',
    publicUrl,
  });
  const { port } = await server.listen(0, '127.0.0.1');
  return {
    base: `http://127.0.0.1:${port}`,
    counted: async (name, outcome) => {
      const lines = (await metrics.render(null)).split('\n');
      const line = lines.find(
        (one) => one.startsWith(`fieldnote_${name}_total{`) && one.includes(`outcome="${outcome}"`),
      );
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    close: () => server.close(1_000),
  };
}
