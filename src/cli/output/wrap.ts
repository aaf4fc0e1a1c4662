import { breakable, textWidth } from './width.ts';

/**
 * Breaks sentences between words; lines that are laid out already stay as they are, and a word that is
 * longer than a line stays whole, since it is mostly an id or a name.
 */
export function wrap(text: string, width: number): string {
  if (text.includes('\n')) return text.trimEnd();
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const [at, word] of text.split(' ').entries()) {
    for (const [part, piece] of breakable(word).entries()) {
      const glue = part === 0 && at > 0 ? ' ' : '';
      const pieceWidth = textWidth(piece);
      if (line !== '' && used + glue.length + pieceWidth > width) {
        lines.push(line);
        line = piece;
        used = pieceWidth;
      } else {
        line += glue + piece;
        used += glue.length + pieceWidth;
      }
    }
  }
  return [...lines, line].join('\n');
}
