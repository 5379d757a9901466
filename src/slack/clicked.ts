import { z } from 'zod';

/** A click on a button or menu of a message or of the Home tab (block_actions), as far as we read it. */
export const Clicked = z.object({
  trigger_id: z.string(),
  /** Of a message; a view has none. */
  response_url: z.string().optional(),
  team: z.object({ id: z.string() }),
  user: z.object({ id: z.string() }),
  channel: z.object({ id: z.string() }).optional(),
  container: z
    .object({
      message_ts: z.string().optional(),
      thread_ts: z.string().optional(),
      is_ephemeral: z.boolean().optional(),
    })
    .default({}),
  actions: z
    .array(
      z.object({
        action_id: z.string(),
        value: z.string().optional(),
        selected_option: z.object({ value: z.string() }).nullish(),
      }),
    )
    .min(1),
});
export type Clicked = z.infer<typeof Clicked>;

/** What the clicked element holds: a button's value, a menu's choice. */
export function valueOf({ actions }: Clicked): string {
  const [action] = actions;
  return action?.selected_option?.value ?? action?.value ?? '';
}

/** The company that a button is about. */
export function companyOf(clicked: Clicked): string {
  return z.uuid().parse(valueOf(clicked).split(' ')[0]);
}

/** The template that was named before the choice; null: none was. */
export function templateOf(clicked: Clicked): string | null {
  return valueOf(clicked).split(' ')[1] ?? null;
}
