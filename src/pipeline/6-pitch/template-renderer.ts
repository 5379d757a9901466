import { UserError, describeError } from '../../errors.ts';
import { checkTemplate } from './check-template.ts';
import type { PitchData } from './pitch-data.ts';
import { compileTemplate } from './render-template.ts';
import type { Rendered } from './render-template.ts';
import type { TemplateEntry } from './template-library.ts';
import { createTemplateThreads } from './template-threads.ts';

export type TemplateRenderer = {
  /** Throws UserError where the template is wrong or wants more than it may have. */
  render(template: TemplateEntry, data: PitchData): Promise<Rendered>;
  close(): Promise<void>;
};

/** As many as a process is likely to render in a day. */
const MOST_REMEMBERED = 50;

/**
 * Renders pitch templates: those that come with Fieldnote here, custom ones in threads with limits (why both a check and a thread:
 * docs/decisions/0085). `close` ends the threads.
 */
export function createTemplateRenderer(): TemplateRenderer {
  const threads = createTemplateThreads();
  const checked = new Map<string, true>();
  const compiled = new Map<string, (json: string) => Rendered>();
  return {
    render: async ({ name, source, origin }, data) => {
      const json = JSON.stringify(data);
      try {
        if (origin === 'shipped') return remember(compiled, source, () => compileTemplate(source))(json);
        // A stored one passed the check of the day on which it was stored.
        remember(checked, source, () => {
          checkTemplate(source, `template "${name}"`);
          return true;
        });
        return await threads.run(source, json);
      } catch (error) {
        if (!(error instanceof UserError) && origin === 'custom') throw error;
        throw new UserError(
          `The template "${name}" failed: ${describeError(error)}`,
          origin === 'custom'
            ? `Correct it: fieldnote templates save ${name} FILE`
            : 'Restore it from the repository.',
          error,
        );
      }
    },
    close: () => threads.close(),
  };
}

function remember<T>(known: Map<string, T>, source: string, make: () => T): T {
  const found = known.get(source);
  if (found !== undefined) return found;
  if (known.size >= MOST_REMEMBERED) known.clear();
  const made = make();
  known.set(source, made);
  return made;
}
