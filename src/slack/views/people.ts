import type { RichTextBlockElement, RichTextElement } from '@slack/types';
import { line, list, text } from './blocks.ts';
import { showSource } from './reasons.ts';
import { cutLine } from './text.ts';
import type { CardData } from './types.ts';

const PEOPLE_A_ROLE = 2;

/** Real contacts by the role that they fit, then the roles that nobody fills. Roles are inferred and say so. */
export function showPeople({ personas, inCrm }: CardData, most: number): RichTextBlockElement[] {
  if (personas.length === 0) return [];
  const filled = personas.filter(({ matches }) => matches.length > 0);
  const open = personas.filter(({ matches }) => matches.length === 0);
  const lines = filled.slice(0, most).map(({ title, matches }) => {
    const people = matches
      .slice(0, PEOPLE_A_ROLE)
      .flatMap((match, index): RichTextElement[] => [
        text(index > 0 ? '; ' : ''),
        text(cutLine(match.name, 60) || 'without a name', 'bold'),
        text(joinTitle(match.title)),
      ]);
    const rest = matches.length - Math.min(matches.length, PEOPLE_A_ROLE);
    return line(...people, text(`${rest > 0 ? ` and ${rest} more` : ''}, as ${cutLine(title, 60)}`));
  });
  const hidden = filled.length - lines.length;
  if (hidden > 0) lines.push(line(text(`contacts for ${hidden} more roles`)));
  if (open.length > 0) {
    const roles = open.slice(0, most).map(({ title }) => cutLine(title, 60));
    const rest = open.length - roles.length;
    const nobody = inCrm ? 'nobody in your CRM yet as' : 'ask for the';
    lines.push(line(text(`${nobody} ${roles.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`)));
  }
  return [line(text('People', 'bold'), text('  (roles are inferred)')), ...list(lines)];
}

function joinTitle(title: string): string {
  const shown = cutLine(title, 60);
  return shown === '' ? '' : ` (${shown})`;
}

/** Competitors on one line, each with the source that names it. */
export function showRivals(
  competitors: CardData['competitors'],
  most: number,
  linkLength: number,
): RichTextBlockElement[] {
  const shown = competitors
    .slice(0, most)
    .flatMap((rival, index): RichTextElement[] => [
      text(index > 0 ? ', ' : ''),
      text(cutLine(rival.name, 60) || 'without a name'),
      text(' ('),
      ...showSource(rival, linkLength),
      text(')'),
    ]);
  if (shown.length === 0) return [];
  const rest = competitors.length - Math.min(competitors.length, most);
  return [line(text('Competitors  ', 'bold'), ...shown, text(rest > 0 ? ` and ${rest} more` : ''))];
}
