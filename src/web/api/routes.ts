import { companyRoutes } from './companies.ts';
import { embedRoutes } from './embeds.ts';
import { pitchRoutes } from './pitches.ts';
import type { Route } from './route.ts';
import { scoreRoutes } from './scores.ts';

/** Everything that the API can do: the router and the document are both made of this. */
export const ROUTES: readonly Route[] = [...companyRoutes, ...scoreRoutes, ...pitchRoutes, ...embedRoutes];
