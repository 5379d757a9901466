import { createHash } from 'node:crypto';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const suffixLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** The bytes behind every choice that a world makes without being told; same text, same bytes, on every machine. */
export function hashBytes(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * The three characters that make a 15-character Salesforce id safe in case-blind places: one per five characters,
 * each bit telling whether a character is upper case (Salesforce help, "18-digit ID").
 */
export function salesforceSuffix(id15: string): string {
  let suffix = '';
  for (let start = 0; start < 15; start += 5) {
    let bits = 0;
    for (let offset = 0; offset < 5; offset += 1) {
      const letter = id15.charAt(start + offset);
      if (letter >= 'A' && letter <= 'Z') bits |= 1 << offset;
    }
    suffix += suffixLetters.charAt(bits);
  }
  return suffix;
}

/** A valid 18-character Salesforce id with the given three-character prefix (001 Account, 003 Contact, 00Q Lead), fixed by `key`. */
export function salesforceId(prefix: string, key: string): string {
  const bytes = hashBytes(`salesforce:${key}`);
  let number = bytes.readBigUInt64BE(0);
  let tail = '';
  for (let place = 0; place < 9; place += 1) {
    tail = base62.charAt(Number(number % 62n)) + tail;
    number /= 62n;
  }
  const id15 = `${prefix}Fn0${tail}`;
  return id15 + salesforceSuffix(id15);
}

/** A HubSpot object id: twelve digits, fixed by `key`. */
export function hubspotId(key: string): string {
  const number = hashBytes(`hubspot:${key}`).readUIntBE(0, 6) % 900_000_000_000;
  return String(100_000_000_000 + number);
}
