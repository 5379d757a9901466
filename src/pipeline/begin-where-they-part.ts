// So much of what both share stands before the place where they part, of what is shown.
const LEAD = 1 / 3;

/**
 * Two values that stand beside each other, as they are to be cut to `length` characters: as they are, or where that would show
 * the same of both, each from a word before the place where they part. Pure.
 */
export function beginWhereTheyPart(one: string, other: string, length: number): [string, string] {
  const shared = countShared(one, other);
  const lead = Math.floor(length * LEAD);
  if (one === other || shared + lead < length) return [one, other];
  const before = shared - lead;
  const space = one.slice(before, shared).search(/\s\S/);
  // A text without spaces (Japanese, say) is cut where it comes, but between characters.
  const start = space === -1 ? before : before + space + 1;
  const begin = (text: string): string => {
    if (text.length <= length) return text;
    return `…${text.slice(start).replace(/^[\udc00-\udfff]/, '')}`;
  };
  return [begin(one), begin(other)];
}

function countShared(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let shared = 0;
  while (shared < most && one[shared] === other[shared]) shared += 1;
  return shared;
}
