import { z } from 'zod';
import { explain, refuseBlocks } from './blocks.ts';
import type { Block } from './blocks.ts';
import { plainText } from './blocks-parts.ts';

// Slack's own limit for a whole view (views.open, error view_too_large).
const MOST_BYTES = 250_000;

const held = {
  blocks: z.array(z.looseObject({ type: z.string() })),
  private_metadata: z.string().max(3000).optional(),
  callback_id: z.string().max(255).optional(),
  external_id: z.string().max(255).optional(),
};

const View = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('modal'),
    ...held,
    title: plainText(24),
    submit: plainText(24).optional(),
    close: plainText(24).optional(),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
    submit_disabled: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('home'), ...held }),
]);

/** A view that an app sent, known to be of Slack's form. */
export type SentView = z.infer<typeof View> & { blocks: Block[] };

/** Checks a view as views.open and views.publish do. */
export function checkView(
  value: unknown,
  kind: 'modal' | 'home',
): { view: SentView } | { error: string; messages: string[] } {
  const parsed = View.safeParse(value);
  if (!parsed.success) return { error: 'invalid_arguments', messages: explain(parsed.error.issues, '/view') };
  const view = parsed.data;
  if (view.type !== kind)
    return { error: 'invalid_arguments', messages: [`must be a ${kind} [json-pointer:/view/type]`] };
  const wrong = refuseBlocks(view.blocks, kind, '/view/blocks');
  if (wrong !== null) return { error: 'invalid_arguments', messages: wrong.messages };
  if (view.type === 'modal' && view.submit === undefined && view.blocks.some(({ type }) => type === 'input'))
    return {
      error: 'invalid_arguments',
      messages: ['missing required field: submit, since there is an input block [json-pointer:/view]'],
    };
  if (Buffer.byteLength(JSON.stringify(view)) > MOST_BYTES) return { error: 'view_too_large', messages: [] };
  return { view };
}
