import { z } from 'zod';

// Lengths and counts here and in the files beside it are those of docs.slack.dev, "Block Kit reference", unless another source is named.

/** A text object that Slack shows as it stands. */
export const plainText = (most: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(most),
    emoji: z.boolean().optional(),
  });

const mrkdwnText = (most: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(most),
    verbatim: z.boolean().optional(),
  });

/** A text object of either kind. */
export const anyText = (most: number) => z.discriminatedUnion('type', [plainText(most), mrkdwnText(most)]);

const identifier = z.string().min(1).max(255);
export const blockId = { block_id: identifier.optional() };
export const actionId = { action_id: identifier.optional() };

const LINKS = new Set(['http:', 'https:', 'mailto:', 'slack:']);

/** An address that a click may lead to. */
export const linkUrl = z
  .string()
  .max(3000)
  .refine((text) => !/\s/.test(text) && LINKS.has(protocolOf(text)), 'Invalid URL');

/** An address of a picture, which Slack's own machines fetch: nothing on this machine or a private network will do. */
export const imageUrl = z
  .string()
  .max(3000)
  .refine((text) => /^https?:$/.test(protocolOf(text)) && !isPrivate(text), 'downloading image failed');

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}

function isPrivate(text: string): boolean {
  const { hostname } = new URL(text);
  return /^(localhost|.*\.local(host)?|127\..*|10\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*|\[.*\])$/.test(
    hostname,
  );
}

export const confirmDialog = z.strictObject({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(['primary', 'danger']).optional(),
});

const option = {
  text: plainText(75),
  value: z.string().min(1).max(150),
  description: plainText(75).optional(),
};
export const selectOption = z.strictObject(option);
export const overflowOption = z.strictObject({ ...option, url: linkUrl.optional() });
/** An option of radio buttons and check boxes, which alone may be mrkdwn. */
export const choiceOption = z.strictObject({
  ...option,
  text: anyText(75),
  description: anyText(75).optional(),
});
export const optionGroup = z.strictObject({
  label: plainText(75),
  options: z.array(selectOption).min(1).max(100),
});
