import type { SourceKind } from '../store/sources.ts';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sources in their canonical order (kind, then URL by code points): the same sources always give the same prompt, byte for byte. */
export function orderSources<Each extends { kind: SourceKind; url: string }>(
  sources: readonly Each[],
): Each[] {
  return sources.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.url, b.url));
}
