import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import type { RecordCard } from '../../crm/hubspot/src/app/cards/RecordCard.tsx';

const CARDS = new URL('../../crm/hubspot/src/app/cards/', import.meta.url);

/** Loads the card of the HubSpot project. Node strips types by itself, but knows no JSX. */
export async function loadCard(): Promise<{ RecordCard: typeof RecordCard }> {
  registerHooks({
    load: (url, context, next) => {
      if (!url.startsWith(CARDS.href) || !url.endsWith('.tsx')) return next(url, context);
      const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
        loader: 'tsx',
        jsx: 'automatic',
      });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
  // What stands at the entrypoint besides the card: it must load, too.
  await import(new URL('FieldnoteCard.tsx', CARDS).href);
  return import('../../crm/hubspot/src/app/cards/RecordCard.tsx');
}
