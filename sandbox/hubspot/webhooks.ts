import { z } from 'zod';
import type { TwinClock } from '../kit/clock.ts';
import { createRandom } from '../kit/random.ts';
import type { TwinState } from './state.ts';
import { countAttempt, sendDelivery, signDelivery } from './webhook-delivery.ts';
import { createEventWriter, watchChanges } from './webhook-events.ts';
import type { WebhookEvent } from './webhook-events.ts';

/** What an app's webhooks are set to; POST /_twin/edit {"operation":"webhooks", …} sets it, too. */
export const WebhookSettings = z.strictObject({
  /** Null: none are sent. */
  targetUrl: z.url().nullable().default(null),
  /** Where calls to that address really arrive: behind a proxy, say. */
  reachedAt: z.url().nullable().default(null),
  form: z.enum(['classic', 'generic', 'both']).default('generic'),
  /** Events wait for others this long; at most this many go in one delivery (webhooks guide: 100). */
  gatherMs: z.number().int().min(0).default(20),
  batch: z.number().int().min(1).max(100).default(100),
  /** Deliveries under way at a time ("maxConcurrentRequests"; HubSpot takes no less than 6). */
  concurrent: z.number().int().min(6).default(10),
  /** How often a delivery is repeated that was not taken (webhooks guide: ten times within a day), the first time after this. */
  retries: z.number().int().min(0).max(10).default(10),
  retryMs: z.number().int().min(0).default(1_000),
  /** A share of deliveries comes twice, they come in any order, each up to this late. */
  duplicates: z.number().min(0).max(1).default(0),
  shuffle: z.boolean().default(false),
  delayMs: z.number().int().min(0).default(0),
  seed: z.number().int().default(1),
});
export type WebhookSettings = z.infer<typeof WebhookSettings>;

export type Webhooks = {
  settings(): WebhookSettings;
  set(settings: unknown): WebhookSettings;
  /** Deliveries that were taken, that were given up, and that wait or are under way. */
  counts(): { taken: number; givenUp: number; waiting: number };
  close(): void;
};

type Delivery = { events: WebhookEvent[]; attempts: number };

// Repeats come later each time; never more than an hour apart in a twin.
const LONGEST_RETRY_MS = 3_600_000;
// What nobody takes must not fill the memory.
const MOST_WAITING = 10_000;

/** Sends what happens in a portal to the app's target address, as HubSpot does. */
export function createWebhooks(options: {
  state: TwinState;
  clock: TwinClock;
  portalId: number;
  appId: number;
  clientSecret: string;
  settings: Partial<WebhookSettings>;
  /** Sees each event, whether it is sent or not. */
  onEvent?: (event: WebhookEvent) => void;
}): { webhooks: Webhooks; state: TwinState } {
  const { clock, clientSecret } = options;
  let settings = WebhookSettings.parse(options.settings);
  let random = createRandom(settings.seed);
  const write = createEventWriter(options);
  const timers = new Set<NodeJS.Timeout>();
  const ready: Delivery[] = [];
  let gathered: WebhookEvent[] = [];
  let underWay = 0;
  let taken = 0;
  let givenUp = 0;

  const later = (milliseconds: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, milliseconds);
    // A twin that is stopped waits for nobody.
    timer.unref();
    timers.add(timer);
  };

  const post = (delivery: Delivery): void => {
    ready.push(delivery);
    sendNext();
  };

  const gather = (): void => {
    const events = gathered;
    gathered = [];
    for (let start = 0; start < events.length; start += settings.batch) {
      const delivery = { events: events.slice(start, start + settings.batch), attempts: 0 };
      const copies = random() < settings.duplicates ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1)
        if (settings.delayMs === 0) post(delivery);
        else later(random() * settings.delayMs, () => post(delivery));
    }
  };

  const sendNext = (): void => {
    const { targetUrl, reachedAt } = settings;
    while (targetUrl !== null && underWay < settings.concurrent && ready.length > 0) {
      const place = settings.shuffle ? Math.floor(random() * ready.length) : 0;
      const [delivery] = ready.splice(place, 1);
      if (delivery === undefined) return;
      underWay += 1;
      const signed = signDelivery({
        targetUrl,
        clientSecret,
        events: delivery.events,
        at: clock.now().getTime(),
      });
      void sendDelivery(signed, reachedAt ?? targetUrl).then((isTaken) => {
        underWay -= 1;
        if (isTaken) taken += 1;
        else repeat(delivery);
        sendNext();
      });
    }
  };

  const repeat = ({ events, attempts }: Delivery): void => {
    if (attempts >= settings.retries || timers.size >= MOST_WAITING) {
      givenUp += 1;
      return;
    }
    const again = { events: countAttempt(events), attempts: attempts + 1 };
    later(Math.min(settings.retryMs * 2 ** attempts, LONGEST_RETRY_MS), () => post(again));
  };

  const isWatched = (): boolean => settings.targetUrl !== null || options.onEvent !== undefined;
  const watched = watchChanges(options.state, isWatched, (happened) => {
    if (happened.type === 'leads') return;
    const events = write(happened, settings.form);
    for (const event of events) options.onEvent?.(event);
    if (settings.targetUrl === null || gathered.length >= MOST_WAITING) return;
    if (gathered.length === 0) later(settings.gatherMs, gather);
    gathered.push(...events);
  });
  return {
    state: { ...options.state, ...watched },
    webhooks: {
      settings: () => settings,
      set: (next) => {
        settings = WebhookSettings.parse(next);
        random = createRandom(settings.seed);
        sendNext();
        return settings;
      },
      counts: () => ({ taken, givenUp, waiting: gathered.length + ready.length + underWay + timers.size }),
      close: () => {
        for (const timer of timers) clearTimeout(timer);
        timers.clear();
        ready.length = 0;
      },
    },
  };
}
