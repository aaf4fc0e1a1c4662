/** A file that a page shows in full: the first line of its block names it. */
export interface ShownFile {
  readonly kind: 'file';
  readonly name: string;
  readonly text: string;
}

/** A command line that a page shows, and what it says comes out. */
export interface ShownCommand {
  readonly kind: 'command';
  readonly command: string;
  readonly output: readonly string[];
}

/** Everything a page tells its reader to write and to type, in the order of the page. */
export function readSteps(markdown: string): readonly (ShownFile | ShownCommand)[] {
  const steps: (ShownFile | ShownCommand)[] = [];
  for (const [, info = '', text = ''] of markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) {
    const [language, name] = info.split(' ');
    if (language === 'console') steps.push(...readCommands(text));
    else if (name !== undefined) steps.push({ kind: 'file', name, text });
  }
  return steps;
}

function readCommands(text: string): readonly ShownCommand[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return { kind: 'command', command, output: output.filter((line) => line !== '') };
    });
}

/** What differs from run to run, replaced by what it is. */
export function withoutChance(line: string): string {
  return line
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/ws:\/\/127\.0\.0\.1:\d+/g, '<address>')
    .replace(/\b(now|[\d.]+(ms|s|m|h) ago)\b/g, '<time>')
    .replace(/ +/g, ' ')
    .trimEnd();
}

/** The shown lines that do not come out, each looked for behind the one before it. */
export function missingLines(shown: readonly string[], printed: string): readonly string[] {
  const lines = printed.split('\n').map(withoutChance);
  let at = 0;
  return shown.filter((line) => {
    const found = lines.indexOf(withoutChance(line), at);
    if (found !== -1) at = found + 1;
    return found === -1;
  });
}
