import { z } from 'zod';
import { accessory, actionElement, button, contextAction, image, inputElement } from './blocks-elements.ts';
import { anyText, blockId, imageUrl, plainText } from './blocks-parts.ts';
import { richText } from './blocks-rich-text.ts';

/** Where blocks can be shown. */
export type Surface = 'message' | 'modal' | 'home';

const section = z
  .strictObject({
    type: z.literal('section'),
    ...blockId,
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    accessory: accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine(({ text, fields }) => text !== undefined || fields !== undefined, 'must have text or fields');

const picture = z
  .strictObject({
    type: z.literal('image'),
    ...blockId,
    image_url: imageUrl.optional(),
    slack_file: z.strictObject({ id: z.string().optional(), url: z.string().optional() }).optional(),
    alt_text: z.string().min(1).max(2000),
    title: plainText(2000).optional(),
  })
  .refine(
    (value) => (value.image_url === undefined) !== (value.slack_file === undefined),
    'must have either image_url or slack_file',
  );

const card = z
  .strictObject({
    type: z.literal('card'),
    ...blockId,
    hero_image: image.optional(),
    icon: image.optional(),
    title: anyText(150).optional(),
    subtitle: anyText(150).optional(),
    body: anyText(200).optional(),
    subtext: anyText(200).optional(),
    actions: z.array(button).min(1).max(3).optional(),
  })
  .refine(
    ({ hero_image, title, body, actions }) =>
      [hero_image, title, body, actions].some((part) => part !== undefined),
    'must have a hero_image, a title, a body or actions',
  );

const cell = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('raw_text'), text: z.string() }),
  richText,
]);

export const block = z.discriminatedUnion('type', [
  section,
  z.strictObject({ type: z.literal('header'), ...blockId, text: plainText(150) }),
  z.strictObject({ type: z.literal('divider'), ...blockId }),
  picture,
  z.strictObject({
    type: z.literal('context'),
    ...blockId,
    elements: z
      .array(z.union([image, anyText(3000)]))
      .min(1)
      .max(10),
  }),
  z.strictObject({ type: z.literal('actions'), ...blockId, elements: z.array(actionElement).min(1).max(25) }),
  z.strictObject({
    type: z.literal('context_actions'),
    ...blockId,
    elements: z.array(contextAction).min(1).max(5),
  }),
  z.strictObject({
    type: z.literal('input'),
    ...blockId,
    label: plainText(2000),
    element: inputElement,
    hint: plainText(2000).optional(),
    optional: z.boolean().optional(),
    dispatch_action: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('markdown'), ...blockId, text: z.string().min(1).max(12_000) }),
  richText,
  z.strictObject({
    type: z.literal('table'),
    ...blockId,
    rows: z.array(z.array(cell).min(1).max(20)).min(1).max(100),
    column_settings: z
      .array(
        z.strictObject({
          align: z.enum(['left', 'center', 'right']).optional(),
          is_wrapped: z.boolean().optional(),
        }),
      )
      .max(20)
      .optional(),
  }),
  z.strictObject({
    type: z.literal('alert'),
    ...blockId,
    text: anyText(200),
    level: z.enum(['default', 'info', 'success', 'warning', 'error']).optional(),
  }),
  card,
  z.strictObject({ type: z.literal('carousel'), ...blockId, elements: z.array(card).min(1).max(10) }),
]);

// The Surfaces column of docs.slack.dev/reference/block-kit/blocks; what is not named here may stand anywhere.
const ONLY_ON: Record<string, readonly Surface[]> = {
  alert: ['modal'],
  markdown: ['message'],
  table: ['message'],
  context_actions: ['message'],
  carousel: ['message', 'home'],
};

/** True where that kind of block may be shown. */
export const mayStand = (type: string, surface: Surface): boolean => ONLY_ON[type]?.includes(surface) ?? true;
