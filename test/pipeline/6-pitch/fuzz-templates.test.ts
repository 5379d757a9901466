import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/errors.ts';
import { checkTemplateSource } from '../../../src/pipeline/6-pitch/check-template.ts';
import { fillPassages } from '../../../src/pipeline/6-pitch/render-template.ts';
import { createTemplateThreads } from '../../../src/pipeline/6-pitch/template-threads.ts';
import { data } from './halden.ts';
import { anyTemplate } from './hostile-templates.ts';

// FIELDNOTE_FUZZ_TEMPLATES=10000 for the long run.
const COUNT = Number(process.env.FIELDNOTE_FUZZ_TEMPLATES ?? 1_500);
const CANARY = 'canary-of-the-environment';

test(`${COUNT} templates of every kind: each is refused or renders, and none shows what it should not`, async (t) => {
  process.env.FIELDNOTE_CANARY = CANARY;
  const threads = createTemplateThreads();
  const json = JSON.stringify(data);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const counts = { accepted: 0, rendered: 0, refused: 0, 'rendered unchecked': 0 };
  let [longestCheck, longestRender] = [0, 0];
  delay.enable();
  await fc.assert(
    fc.asyncProperty(anyTemplate, async (source) => {
      const from = performance.now();
      const { problems } = checkTemplateSource(source);
      longestCheck = Math.max(longestCheck, performance.now() - from);
      const isAccepted = problems.length === 0;
      counts[isAccepted ? 'accepted' : 'refused'] += 1;
      const sent = performance.now();
      const rendered = await threads.run(source, json).catch((error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.ok(!isAccepted, `what passes the check renders, and: ${error.message}`);
        return null;
      });
      longestRender = Math.max(longestRender, performance.now() - sent);
      if (rendered === null) return;
      counts[isAccepted ? 'rendered' : 'rendered unchecked'] += 1;
      const { text, callToAction, keyPoints } = fillPassages(rendered, new Map());
      const shown = [text, callToAction, ...keyPoints].join('\n');
      assert.ok(shown.length <= 3 * 65_536);
      // As a function of ours would print itself; splinters of a template may well make "=>".
      assert.doesNotMatch(shown, /native code|function\s*\(|\) => /);
      assert.ok(!shown.includes(CANARY));
      if (isAccepted) assert.doesNotMatch(shown, /\[object|[\u{E000}\u{E001}]/u);
    }),
    { numRuns: COUNT },
  );
  delay.disable();
  await threads.close();
  t.diagnostic(JSON.stringify(counts));
  t.diagnostic(
    `longest check ${longestCheck.toFixed(1)} ms, longest render ${longestRender.toFixed(1)} ms, longest delay of the event loop ${(delay.max / 1e6).toFixed(1)} ms`,
  );
  assert.ok(counts.rendered > COUNT / 20, `${counts.rendered} of ${COUNT} rendered`);
});
