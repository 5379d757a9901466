import type { CrmContext, HubSpotFetchOptions } from '@hubspot/ui-extensions';
import { createRemoteRoot, retain } from '@remote-ui/core';
import type { RemoteChannel } from '@remote-ui/core';
import { createRoot } from '@remote-ui/react';
import { createEndpoint } from '@remote-ui/rpc';
import type { ReactElement } from 'react';

/** What the page does for the card. */
export type Host = {
  call(url: string, options: HubSpotFetchOptions): Promise<{ status: number; body: string }>;
  refreshObjectProperties(): void;
};

/** What the page asks of the worker: to draw the card into its channel. */
export type Worker = { render(channel: RemoteChannel, context: CrmContext): void };

type Actions = { refreshObjectProperties(): void };
type Extension = (api: { context: CrmContext; actions: Actions }) => ReactElement;

const host = createEndpoint<Host>(
  {
    postMessage: (message) => self.postMessage(message),
    addEventListener: (...listener) => self.addEventListener(...listener),
    removeEventListener: (...listener) => self.removeEventListener(...listener),
  },
  { callable: ['call', 'refreshObjectProperties'] },
);
const extended = Promise.withResolvers<Extension>();

// By these names @hubspot/ui-extensions finds the platform.
Object.assign(self, {
  __HUBSPOT_EXTENSION_WORKER__: true,
  extend_V2: extended.resolve,
  hsFetch: async (url: string | URL, options: HubSpotFetchOptions = {}): Promise<Response> => {
    const { status, body } = await host.call.call(String(url), options);
    return new Response(body, { status });
  },
});

const worker: Worker = {
  render: (channel, context) => {
    // It is called for as long as the card stands.
    retain(channel);
    void extended.promise.then((extend) => {
      const root = createRemoteRoot(channel);
      const actions = { refreshObjectProperties: () => void host.call.refreshObjectProperties() };
      createRoot(root).render(extend({ context, actions }));
      void root.mount();
    });
  },
};
host.expose(worker);
