/**
 * Characters that move a terminal's cursor, change its state or the direction of text: C0, DEL, C1,
 * zero-width and bidirectional controls, line and paragraph separators.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text of strangers on one line: every character that is not plain text is written as an escape. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? escapeOf(character));
}

/** Like `printable`, but lines stay lines and a tab becomes two spaces. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll('\t', '  ')))
    .join('\n');
}

/** Makes JSON text harmless on a terminal without changing its value. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    character in SHORT ? character : escapeOf(character),
  );
}

/** Whether a JSON text holds characters that `printableJson` would change, or their escapes. */
export function hasUnsafeText(json: string): boolean {
  return json.search(UNSAFE) !== -1 || json.includes('\\u');
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
