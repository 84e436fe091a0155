/**
 * Identifiers of C made of the program's names, so that a reader recognises them. A name is brought
 * down to small letters, digits and underscores and gets its number behind it: no keyword, no macro
 * and no other name can come of that, whatever stands in the JSON.
 */
const MOST_LETTERS = 48;

/** `kind` keeps apart what is numbered apart: ipv4 of header 3 is `ipv4_h3`. */
export function identifier(name: string, kind: string, index: number): string {
  const plain = name
    .slice(-4 * MOST_LETTERS)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(-MOST_LETTERS)
    .replace(/^_+|_+$/g, '');
  const number = `${kind}${index}`;
  if (plain === '') return number;
  return `${/^[a-z]/.test(plain) ? '' : 'n'}${plain}_${number}`;
}
