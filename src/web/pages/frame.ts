import type { Visitor } from '../auth/sessions.ts';
import type { ProviderHealth } from '../health.ts';

export type Section = 'companies' | 'runs' | 'writes' | 'settings' | 'status';

/** What every page's frame shows: where we are, who is signed in, and which providers do not answer right now. */
export function describeFrame({
  title,
  section,
  visitor,
  down = [],
}: {
  title: string;
  section: Section | null;
  /** Null: nobody has to sign in. */
  visitor: Pick<Visitor, 'email'> | null;
  down?: readonly ProviderHealth[];
}) {
  return {
    account: visitor?.email ?? '',
    title,
    onCompanies: section === 'companies',
    onRuns: section === 'runs',
    onWrites: section === 'writes',
    onSettings: section === 'settings',
    onStatus: section === 'status',
    down: down.map(({ name, detail }) => ({ name, detail })),
  };
}
