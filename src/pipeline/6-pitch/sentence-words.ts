/**
 * Words with which any sentence is built and that say nothing by themselves. No verb that could be a claim (need, want, plan) and
 * no measure (most, many, first) is among them: a sentence of fact may add none of those to its quotes.
 */
export const GLUE: ReadonlySet<string> = listWords(`
  a about after again all also although always am among an and another any are around as at based be because been before being
  between both but by can case clear clearly come comes company could day do does doing done down each either else especially even
  for from further get gets give given gives go goes going had has have having he her here his how i if in into is it its itself just
  keep keeps kind let lets like made make makes making matter may me might much must my near now of off often on once one only onto
  or other our out over own part per place point present put really right same say says see seem seems several she should show shows
  since so some something still such take takes than that the their them then there these they thing things this those through thus
  to today together too toward towards under until up upon us very was way we well were what when where whether which while who whose
  why will with within would yet you your
  describe describes explain explains mention mentions note notes read reads report reports state states website write writes`);

/** What an offer or a question may speak of beyond that: us, a talk, a trial and what it could show. Never what is. */
export const OFFER_WORDS: ReadonlySet<string> = listWords(`
  able agree agenda answer ask available bench benchmark benchmarks better brief briefly bring budget call capacity chat cheaper
  choose cluster clusters compare comparison compute concrete convenient coffee cost costs current day days deserve detail details
  difference discuss engineer engineers estimate example explore fair faster figures find fit fits focus friday glad gpu gpus half
  happy hear help helpful helps hosted hour hours idea inference job jobs join know last learn least left less list long longest look
  love measure measured meet meeting minute minutes model models monday month months more most need needs next no number numbers
  offer old open option options people perhaps pilot plan planning please price prices pricing priority problem quarter question
  questions quick quote rented reply result results review risk run running runs schedule send set share short side sit slot small
  speak start step suit suits take takes talk team teams tell test testing think thursday time times together token train trained
  training trial try tuesday wait waiting understand use useful walk want way wednesday week weeks welcome work workload workloads works worth`);

/** What rests on something that an uncited sentence cannot know: "now that you …", "since the outage". */
export const PRESUPPOSES =
  /\b(?:since|after|because|given|now that|that (?:you|your|they|it|the)|despite|following|as you(?!r convenience| like| prefer)|your (?:recent|new|latest|last|planned|upcoming|growing|existing|lack|shortage|problems?|failed)|already|again|still|anymore|stopped|no longer)\b/iu;

function listWords(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
