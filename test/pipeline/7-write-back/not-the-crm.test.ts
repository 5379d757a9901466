import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const COMPANIES = 12;
const PAGE = { status: 404, type: 'text/html', body: '<html><h1>404 Not Found</h1></html>' };
const PATHS = {
  salesforce: { read: /\/composite\/sobjects\/Account$/, write: /\/composite(\/sobjects)?$/ },
  hubspot: { read: /\/batch\/read$/, write: /\/batch\/update$/ },
};

for (const kind of ['salesforce', 'hubspot'] as const)
  for (const what of ['read', 'write'] as const)
    test(`${kind}: where a stranger answers 404 to a ${what}, no value is refused, it is told once, and all is written when the CRM is there again`, async (context) => {
      const tapped = await openTappedTwin(kind);
      context.after(() => tapped.close());
      const { tap } = tapped;
      const ids = await tapped.create(COMPANIES);
      const desk = await openDesk(here.db, kind, undefined, tapped.crm);
      const run = await desk.plan({ score: 10, band: 'C' }, ids);
      let strangers = 0;
      tap.intercept = ({ path }) => {
        if (!PATHS[kind][what].test(path)) return null;
        strangers += 1;
        return PAGE;
      };

      const met = await desk.flush({ leaseMs: 30_000 });

      assert.deepEqual([met.applied, met.rejected, met.waiting], [0, 0, 2 * COMPANIES]);
      assert.match(met.stopped?.because ?? '', /404/);
      assert.match(met.stopped?.fix ?? '', /_URL/);
      assert.equal(met.calls[what], 1);
      assert.ok(strangers > 0 && met.comeBackAt !== null);
      assert.ok(
        (await desk.writesOf(run)).every(({ state, failures }) => state === 'planned' && failures === 0),
      );

      tap.intercept = null;
      const well = await desk.flush({ leaseMs: 30_000 });
      assert.deepEqual([well.applied, well.rejected, well.stopped], [2 * COMPANIES, 0, null]);
    });
