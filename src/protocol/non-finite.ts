/** Begins a text, or is a number that JSON does not have and Python writes all the same. */
const TOKEN = /"|-?Infinity|NaN/g;

/**
 * The text with `null` in the place of `NaN` and infinities, as JavaScript writes them. Texts within
 * it stay as they are.
 * @returns `undefined` when there is none of them
 */
export function withoutNonFinite(text: string): string | undefined {
  const token = new RegExp(TOKEN);
  let written = '';
  let done = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    if (found[0] === '"') {
      token.lastIndex = endOfText(text, token.lastIndex);
    } else {
      written += `${text.slice(done, found.index)}null`;
      done = token.lastIndex;
    }
  }
  return done === 0 ? undefined : written + text.slice(done);
}

/** @param from behind the quote that begins the text */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (end - backslashes > from && text[end - backslashes - 1] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}
