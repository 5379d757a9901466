// Terms in the language of scoring-model-terms.ts.

const listed = (terms: string): string[] => terms.split(',').map((term) => term.trim());

/** Words that turn what follows into its opposite. */
export const DENIALS = listed(`
  not, no, never, none, neither, nor, nobody, nothing, cannot, can't, don't, doesn't, didn't, isn't, aren't, wasn't, weren't, won't,
  haven't, hasn't, hadn't, wouldn't, couldn't, needn't, without, instead of, rather than, as opposed to, far from, free of, free from,
  lack*, hardly, barely, rarely, seldom, refus*, fail to, fails to, failed to, avoid*, skip the,
  denied, denies, deny, myth*, untrue, false, the need for, the need to, stay away, stays away, opposed to,
  nicht, kein*, niemals, ohne, jamais, sans, nunca, geen, niet`);

/** These hold such a word and deny nothing about what follows. */
export const NO_DENIALS = listed(`
  not only, not just, not simply, aren't just, isn't just, aren't only, isn't only, don't just, doesn't just, not merely, not to mention, not least, not limited to, no doubt, no wonder, no code, no matter, zero shot,
  no longer just, no longer only, without compromis*, without sacrific*, nothing less than, nothing but, never stop*, meet the need for,
  meets the need for, serve the need for, understand the need for, sees the need for, false positive*, false negative*, false alarm*`);

/** Plans, wishes, possibilities and hearsay. */
export const PLANS = listed(`
  plan to, plans to, planned, planning to, planning a, planning an, plans for, plans a, plans an, intend*, intention to, hope*, hoping, aim to, aims to, aiming to, aimed to, seek to,
  seeks to, seeking to, expect to, expects to, expected to, could, may, might, would, should, will, we'll, it'll, they'll, shall, going to,
  about to, set to, slated, scheduled to, due to open, preparing to, wants to, want to, wish*, consider, considers, considering,
  considered, explore, exploring, evaluating, proposed, potentially, possibly, perhaps, maybe, imagine, goal is, goal of,
  mission is to, mission to, our vision is, the vision is, its vision is, our vision of, our vision to, dream*, ambition*, working toward*, working to, reportedly, allegedly,
  rumour*, rumor*, speculat*, said to be, said to, believed to, claims to, claimed to, someday, one day, eventually, wird, möchte*, könnte*`);

/** These hold such a word and say what is so: a job's duties, what a product brings. */
export const NO_PLANS = listed("you will, you'll");

/** It was so, and is over. */
export const ENDINGS = listed(`
  no longer, stopped, ceased, discontinued, abandoned, shut down, wound down, switched off, decommission*, dismantled, scrapped,
  sold its, sold the, sold our, sold their, sold all, sold off, got rid of, gave up, given up, phased out, was retired, were retired,
  retired the, retired its, retired our, dropped it, dropped them, dropped the, dropped its, dropped our, was dropped, were dropped,
  moved away from, used to be, we used to, it used to, they used to, company used to, until recently, once had, once ran, once trained`);

/** Times to come. */
export const LATER = listed(`
  soon, upcoming, forthcoming, next year, next quarter, next month, later this year, in the future, in future,
  in the near future, years from now, in the coming years, in the coming months, to be announced, not yet, roadmap, künftig, in zukunft`);

/** Times gone by. */
export const BEFORE = listed(`
  formerly, previously, in the past, back then, at its peak, before it shut, before shutting, defunct, former*`);

/** What they introduce is no fact. */
export const CONDITIONS = listed(
  'if, unless, in case, provided that, assuming, whether to, ask* whether, ask* where, wonder* whether, wonder* where, unclear whether, question* whether, decide whether, deciding whether, discuss* whether',
);
