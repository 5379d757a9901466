import type { Setting } from '../../src/settings.ts';

const HEAD = `# Every setting of Fieldnote. Copy this file to .env, fill in what you have, leave the rest: an empty value counts as unset,
# and a line that begins with # keeps its default. What is set in the environment itself wins over .env.
# "npx fieldnote doctor" says what is missing and what that disables.
# Made from src/settings.ts by: npx node test/documents/write.ts
`;

/** The settings as .env.example: one line of explanation each, defaults commented out. */
export function renderEnvExample(settings: readonly Setting[]): string {
  const blocks = settings.map((setting) => {
    const without = setting.disables === undefined ? [] : [`# without it: ${setting.disables}`];
    const line = setting.default === undefined ? `${setting.name}=` : `#${setting.name}=${setting.default}`;
    return [`# ${setting.meaning}`, ...without, line].join('\n');
  });
  return `${[HEAD.trimEnd(), ...blocks].join('\n\n')}\n`;
}

/** The settings as a Markdown table. */
export function renderSettingsTable(settings: readonly Setting[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = settings.map(({ name, meaning, default: value, disables }) => {
    const without = disables === undefined ? '' : cell(disables);
    return `| \`${name}\` | ${cell(meaning)} | ${value === undefined ? '' : `\`${value}\``} | ${without} |`;
  });
  return ['| setting | meaning | default | what its absence disables |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** Puts `content` between `<!-- name -->` and `<!-- /name -->`. Throws where the document has no such place. */
export function fillPlace(document: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [document.indexOf(open), document.indexOf(close)];
  if (start === -1 || end < start) throw new Error(`the document has no place between ${open} and ${close}`);
  return `${document.slice(0, start + open.length)}\n${content}\n${document.slice(end)}`;
}
