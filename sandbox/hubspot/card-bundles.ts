import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import { z } from 'zod';

const CLIENT = fileURLToPath(new URL('client/', import.meta.url));
const PROJECT = new URL('../../crm/hubspot/src/', import.meta.url);
const CardMeta = z.object({ config: z.object({ entrypoint: z.string() }) });

/** The page around the card, and the worker that the card runs in. */
export type BundleName = 'host' | 'worker';

/** The scripts of the card's page, each built when it is first asked for, out of the sources as they lie there. */
export function createBundles(): (name: BundleName) => Promise<string> {
  const built = new Map<BundleName, Promise<string>>();
  return (name) => {
    const known = built.get(name);
    if (known !== undefined) return known;
    const building = name === 'host' ? buildHost() : buildWorker();
    built.set(name, building);
    building.catch(() => built.delete(name));
    return building;
  };
}

const buildHost = (): Promise<string> => build({ entryPoints: [`${CLIENT}card-host.tsx`] });

/** The platform first: the card asks for it as soon as it is loaded. */
async function buildWorker(): Promise<string> {
  const meta = await readFile(new URL('app/cards/fieldnote-card-hsmeta.json', PROJECT), 'utf8');
  const { entrypoint } = CardMeta.parse(JSON.parse(meta)).config;
  const card = fileURLToPath(new URL(`.${entrypoint}`, PROJECT));
  const contents = ['./card-platform.ts', card].map((path) => `import ${JSON.stringify(path)};`).join('\n');
  return build({ stdin: { contents, resolveDir: CLIENT } });
}

async function build(entry: BuildOptions): Promise<string> {
  // Only those who open the page wait for it.
  const esbuild = await import('esbuild');
  const { outputFiles } = await esbuild.build({
    ...entry,
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles?.[0]?.text ?? '';
}
