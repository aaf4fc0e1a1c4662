/** Breaks sentences between words; lines that are laid out already stay as they are. */
export function wrap(text: string, width: number): string {
  if (text.includes('\n')) return text.trimEnd();
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
