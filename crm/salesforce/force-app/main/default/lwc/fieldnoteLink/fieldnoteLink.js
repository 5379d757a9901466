/** Opens a page in a new tab. False where the browser's pop-up blocker is in the way: then show the address as a link. */
export function openInTab(url) {
  // Not with "noopener", which answers null whether it opened or not; Fieldnote's own pages let go of their opener.
  return window.open(url, '_blank') !== null;
}

/** What to tell a person of a failed call to Apex. */
export function describeProblem(problem) {
  const said = problem?.body?.message ?? problem?.message;
  return typeof said === 'string' && said !== '' ? said : 'Something went wrong. Try again in a minute.';
}
