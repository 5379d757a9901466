import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { cleanLine } from '../plain-text.ts';
import type { Seller } from '../store/sellers.ts';
import { claimsWhatIsNot } from './check-sentence.ts';

const line = (most: number) =>
  z
    .string()
    .transform((text) => cleanLine(text))
    .pipe(z.string().max(most));
const lines = z.array(line(300).pipe(z.string().min(1))).max(12);

const SellerInput = z.strictObject({
  name: line(120).pipe(z.string().min(1, 'is empty')),
  offer: line(600),
  audience: line(300),
  proofPoints: lines,
  neverClaim: lines,
});

/** What a person wrote → a profile. Throws UserError where it is too long, has no name, or says what it says it never claims. */
export function parseSeller(input: unknown): Seller {
  const parsed = SellerInput.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(
      `The profile can't be taken: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`,
      'A name of at most 120 characters, an offer of 600, an audience of 300, and up to 12 proof points and 12 claims of 300 each.',
    );
  }
  const { offer, proofPoints, neverClaim } = parsed.data;
  const forbidden = [offer, ...proofPoints].find((text) => claimsWhatIsNot(text, neverClaim));
  if (forbidden !== undefined)
    throw new UserError(
      `“${forbidden}” says what the profile never claims`,
      'Change it, or take the claim out of what is never claimed.',
    );
  return parsed.data;
}
