/** Letters and signs that take two columns: those of East Asia. */
const WIDE =
  '\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6\\u{1f200}-\\u{1f251}\\u{20000}-\\u{3fffd}';
const IS_WIDE = new RegExp(`[${WIDE}]`, 'u');
/** One of them with what may not begin a line, or a run of anything else. */
const PIECES = new RegExp(
  `[${WIDE}][\\u3001\\u3002\\uff01\\uff09\\uff0c\\uff1a\\uff1b\\uff1f\\u300d\\u300f\\p{Mark}]*|[^${WIDE}]+`,
  'gu',
);
/** A picture takes two columns, however many characters it is made of. */
const IS_PICTURE = /\p{Emoji_Presentation}|\ufe0f/u;
const HAS_NO_WIDTH = /[\p{Mark}\u200c\u200d]/u;
const IS_PLAIN = /^[\x20-\x7e]*$/;

/** Columns a text takes on a terminal. */
export function textWidth(text: string): number {
  if (IS_PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of charactersOf(text)) width += characterWidth(character);
  return width;
}

/** The text if it fits, otherwise its start and a mark that something is missing. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const character of charactersOf(text)) {
    used += characterWidth(character);
    if (used > width) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Parts of a word between which a line may be broken: scripts of East Asia have no spaces. */
export function breakable(word: string): readonly string[] {
  return IS_PLAIN.test(word) ? [word] : (word.match(PIECES) ?? [word]);
}

/** What people take for one character: a letter with its accents, a flag, a family. */
function charactersOf(text: string): readonly string[] {
  const segments = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);
  return [...segments].map(({ segment }) => segment);
}

function characterWidth(character: string): number {
  if (IS_PICTURE.test(character)) return 2;
  let width = 0;
  for (const point of character) {
    if (!HAS_NO_WIDTH.test(point)) width += IS_WIDE.test(point) ? 2 : 1;
  }
  return width;
}
