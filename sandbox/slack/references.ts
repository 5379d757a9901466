import { z } from 'zod';

/** Whom a message calls, and what it links to. */
export type References = {
  /** `@U…` a user, `!channel` `!here` `!everyone` all of them, `!subteam^S…` a group. */
  mentions: string[];
  links: string[];
};

// "Formatting text for app surfaces": what stands in angle brackets is a reference; &lt; is a mere character.
const REFERENCE = /<([^<>\s][^<>\n]*)>/g;
const BARE_LINK = /https?:\/\/[^\s<>|"']+/g;

/** What Slack makes of a mrkdwn text when it arrives. */
export function findReferences(text: string): References {
  const mentions: string[] = [];
  const links: string[] = [];
  const rest = text.replace(REFERENCE, (_whole, inner: string) => {
    const [target = ''] = inner.split('|');
    if (/^@[UW][A-Z0-9]+$/.test(target)) mentions.push(target);
    else if (/^!(channel|here|everyone|group)$/.test(target)) mentions.push(target);
    else if (target.startsWith('!subteam^')) mentions.push(target);
    else if (/^(https?|mailto):/.test(target)) links.push(target);
    return ' ';
  });
  for (const [link] of rest.matchAll(BARE_LINK)) links.push(link.replace(/[.,;:!?)]+$/, ''));
  return { mentions, links };
}

const Part = z.looseObject({ type: z.string() });
const Told = z.looseObject({
  text: z.string().optional(),
  url: z.string().optional(),
  user_id: z.string().optional(),
  usergroup_id: z.string().optional(),
  range: z.string().optional(),
});

/** The same for blocks: mrkdwn and markdown texts are read, plain texts are not; rich text names whom it calls. */
export function findBlockReferences(value: unknown): References {
  const found: References = { mentions: [], links: [] };
  const add = (more: References): void => {
    found.mentions.push(...more.mentions);
    found.links.push(...more.links);
  };
  const walk = (one: unknown): void => {
    if (Array.isArray(one)) return one.forEach(walk);
    const part = Part.safeParse(one);
    if (!part.success) {
      if (typeof one === 'object' && one !== null) Object.values(one).forEach(walk);
      return;
    }
    const told: z.infer<typeof Told> = Told.safeParse(one).data ?? {};
    switch (part.data.type) {
      case 'mrkdwn':
      case 'markdown':
        return add(findReferences(told.text ?? ''));
      case 'plain_text':
        return;
      case 'user':
        return add({ mentions: [`@${told.user_id}`], links: [] });
      case 'usergroup':
        return add({ mentions: [`!subteam^${told.usergroup_id}`], links: [] });
      case 'broadcast':
        return add({ mentions: [`!${told.range}`], links: [] });
      case 'link':
        return add({ mentions: [], links: [told.url ?? ''] });
    }
    Object.values(part.data).forEach(walk);
  };
  walk(value);
  return found;
}

// Media that Slack shows under a message unless unfurl_media is false ("Unfurling links in messages").
const MEDIA = /\.(png|jpe?g|gif|webp|mp4|mov|mp3|pdf)$|^(www\.)?(youtube\.com|youtu\.be|vimeo\.com)$/;

/** The links that Slack would show a preview of by itself. */
export function pickUnfurled(
  links: readonly string[],
  sent: { unfurlLinks: boolean; unfurlMedia: boolean },
): string[] {
  return links.filter((link) => {
    if (!URL.canParse(link)) return false;
    const { hostname, pathname } = new URL(link);
    return MEDIA.test(pathname) || MEDIA.test(hostname) ? sent.unfurlMedia : sent.unfurlLinks;
  });
}
