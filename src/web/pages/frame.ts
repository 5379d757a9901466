import type { ProviderHealth } from '../health.ts';

export type Section = 'companies' | 'runs' | 'settings' | 'status';

/** What every page's frame shows: where we are, and which providers do not answer right now. */
export function describeFrame(title: string, section: Section | null, down: readonly ProviderHealth[] = []) {
  return {
    title,
    onCompanies: section === 'companies',
    onRuns: section === 'runs',
    onSettings: section === 'settings',
    onStatus: section === 'status',
    down: down.map(({ name, detail }) => ({ name, detail })),
  };
}
