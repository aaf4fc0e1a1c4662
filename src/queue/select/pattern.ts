/**
 * Longest text of a pattern. The engine's search for a text is linear up to this length; beyond it
 * a text made for the purpose could take its length times that of the pattern.
 */
export const MAX_PATTERN_LENGTH = 250;

/**
 * What `~` looks for. Without `*` the pattern is a part of the text; with one it is the whole text,
 * `*` standing for anything (`\*` is a star). Reads a text once, from left to right.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const parts = splitAtStars(pattern);
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return (text) => text.includes(first);
  return (text) => {
    if (text.length < first.length + last.length) return false;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}

/** The texts between the stars, `\*` and `\\` read as what they stand for. */
function splitAtStars(pattern: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') {
      parts.push(part);
      part = '';
    } else if (character === '\\' && pattern.charAt(at + 1) === '*') {
      part += '*';
      at++;
    } else part += character;
  }
  parts.push(part);
  return parts;
}
