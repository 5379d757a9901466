import { escapePattern } from './escape-pattern.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { isInstruction } from './instructions.ts';
import { namesOf } from './names.ts';

/**
 * A text that a model inferred (a persona's motive, say) → the same, cleaned, or null when it states a fact: an inference may hold no
 * number, no address, no name but the company's own. So nothing invented can stand in it.
 */
export function checkThought(text: string, company: ReadCompany): string | null {
  const clean = text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .toWellFormed();
  if (clean.length < 3 || clean.length > 200) return null;
  if (/\p{N}|https?:|www\.|@|[{}<>[\]|\\`$%]|\b[a-z0-9-]+\.(?:com|net|org|io|ai|dev|co)\b/iu.test(clean))
    return null;
  if (isInstruction(clean)) return null;
  let rest = clean;
  for (const name of namesOf(company)) rest = rest.replaceAll(new RegExp(escapePattern(name), 'giu'), '');
  // Behind the first word a capital begins a name; acronyms of the trade are none.
  const named = [...rest.matchAll(/(?<=\S\s+["“'‘(]?)\p{Lu}[\p{L}'’-]*/gu)].some(
    ([word]) =>
      !/^(?:I|AI|ML|GPUs?|CPUs?|TPUs?|LLMs?|APIs?|SLAs?|TCO|ROI|IT|HPC|CEO|CTO|CFO|COO|CIO|VP|R&D|MLOps|DevOps|SaaS|Kubernetes|Slurm)$/u.test(
        word,
      ),
  );
  return named ? null : clean;
}
