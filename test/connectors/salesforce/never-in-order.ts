/** An org that gives up putting that object's rows in order, as Salesforce does after two minutes; all else reaches the twin. */
export function neverInOrder(object: string): typeof globalThis.fetch {
  return async (input, init) => {
    const target = decodeURIComponent(input instanceof Request ? input.url : String(input));
    if (!target.includes(` FROM ${object} `) || !target.includes(' ORDER BY ')) return fetch(input, init);
    const message = 'Your query request was running for too long.';
    return Response.json([{ errorCode: 'QUERY_TIMEOUT', message }], { status: 400 });
  };
}
