/**
 * Text from outside as a cell of CSV: on one line, and led by an apostrophe where a spreadsheet would run it as a formula
 * (OWASP: = + - @, their full-width forms, tab and carriage return).
 */
export function guardCell(text: string): string {
  const flat = text.replaceAll('\0', '').replace(/[\r\n\t]+/g, ' ');
  return /^\s*[=+\-@＝＋－＠]/.test(flat) ? `'${flat}` : flat;
}
