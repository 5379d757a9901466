/** The stored error of a company → the one thing to do about it. The error itself is shown beside it. */
export function adviseOn(error: string, { retrying }: { retrying: boolean }): string {
  if (/\b(401|403)\b|unauthori[sz]ed|forbidden|credential|permission|invalid.{0,12}(key|token)/i.test(error))
    return 'Correct the credentials or rights ("fieldnote doctor" names them); then run again.';
  if (/quota|budget|credits? (used|exhausted)|insufficient_quota|\b402\b|limit exceeded/i.test(error))
    return 'The allowance is used up: raise it with the provider, or wait until it is renewed.';
  if (retrying) return 'Nothing: it is tried again by itself.';
  if (/\b(429|5\d\d)\b|timed? ?out|no answer|unavailable|not answering|ECONN|socket|network/i.test(error))
    return 'The provider did not answer for too long: run these companies again once it does.';
  return 'Run these companies again; if they fail again, the log names the place.';
}
