import type { Team } from './team.ts';

const REFERENCE = /(<[^<>]*>)/;

/** What a person types → what Slack stores: a name behind "@" calls that person or app. Angle brackets hold references already. */
export function composeText({ people }: Pick<Team, 'people'>, typed: string): string {
  // The longest first: "@Ana Maria" is not "@Ana".
  const named = [...people.values()]
    .flatMap(({ id, name, realName }) => [name, realName].map((one) => ({ id, name: one.toLowerCase() })))
    .toSorted((a, b) => b.name.length - a.name.length);
  const call = (text: string): string =>
    text.replaceAll(/(?<=^|[\s(])@[^\s@][^@]*/g, (whole) => {
      const found = named.find(
        ({ name }) =>
          whole.slice(1).toLowerCase().startsWith(name) && !/^[\w-]/.test(whole.slice(1 + name.length)),
      );
      return found === undefined ? whole : `<@${found.id}>${whole.slice(1 + found.name.length)}`;
    });
  return typed
    .split(REFERENCE)
    .map((part, index) => (index % 2 === 0 ? call(part) : part))
    .join('');
}
