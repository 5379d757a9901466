import { companyRoutes } from './companies.ts';
import { embedRoutes } from './embeds.ts';
import { pitchRoutes } from './pitches.ts';
import { pitchRequestRoutes } from './pitch-requests.ts';
import { pitchSetupRoutes } from './pitch-setup.ts';
import { pitchVersionRoutes } from './pitch-versions.ts';
import { templateRoutes } from './pitch-templates.ts';
import type { Route } from './route.ts';
import { runRoutes } from './runs.ts';
import { scoreRoutes } from './scores.ts';
import { undoRoutes } from './undos.ts';
import { writeRoutes } from './writes.ts';

/** Everything that the API can do: the router and the document are both made of this. */
export const ROUTES: readonly Route[] = [
  ...companyRoutes,
  ...scoreRoutes,
  ...pitchRoutes,
  ...pitchVersionRoutes,
  ...pitchRequestRoutes,
  ...templateRoutes,
  ...pitchSetupRoutes,
  ...embedRoutes,
  ...runRoutes,
  ...undoRoutes,
  ...writeRoutes,
];
