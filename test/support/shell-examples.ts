/** A call of `iii` that a page shows, with where it stands. */
export interface ShellExample {
  readonly page: string;
  readonly line: number;
  /** What is typed, without prompt and comment. */
  readonly command: string;
}

/** Blocks whose lines are typed; in one without a language only what looks like a call of ours. */
const SHELLS = ['sh', 'bash', 'console', ''];

/** Every call of `iii` in the shell blocks of a page, in its order. */
export function shellExamples(page: string, markdown: string): readonly ShellExample[] {
  const examples: ShellExample[] = [];
  let language: string | null = null;
  let begun: { readonly line: number; readonly text: string } | null = null;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^ *```(\S*)/.exec(text);
    if (fence !== null) {
      language = language === null ? (fence[1] ?? '') : null;
      continue;
    }
    if (language === null || !SHELLS.includes(language)) continue;
    const isTyped = begun !== null || language !== 'console' || text.startsWith('$ ');
    if (!isTyped) continue;
    const joined: string = `${begun?.text ?? ''}${text.replace(/^\$ /, '')}`;
    const line: number = begun?.line ?? index + 1;
    begun = joined.endsWith('\\') ? { line, text: joined.slice(0, -1) } : null;
    if (begun !== null) continue;
    const command = withoutComment(joined);
    if (readCalls(command).length > 0) examples.push({ page, line, command });
  }
  return examples;
}

/** The `iii …` that a page names within its sentences: `iii queue pause payment --until now+30m`. */
export function namedCalls(page: string, markdown: string): readonly ShellExample[] {
  const prose = markdown.replace(/^ *```[\s\S]*?^ *```$/gm, (block) => block.replace(/[^\n]/g, ''));
  return [...prose.matchAll(/`(iii\s[^`]+)`/g)].map(({ index, 1: command = '' }) => ({
    page,
    line: prose.slice(0, index).split('\n').length,
    command: command.replace(/\s+/g, ' '),
  }));
}

/**
 * The words after `iii` of each call in a line, as a shell splits them: quotes, pipes, redirections
 * and variables before the command, which is all that the pages use.
 */
export function readCalls(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let word: string | null = null;
  let isTarget = false;
  const endWord = (): void => {
    if (word !== null && !isTarget) commands.at(-1)?.push(word);
    if (word !== null) isTarget = false;
    word = null;
  };
  const token = /'([^']*)'|"([^"]*)"|(<\w+>)|(\|\||&&|[|;])|([<>]+)|(\s+)|([^\s'"|;<>]+)/g;
  for (const [, single, double, placeholder, operator, redirection, space, plain] of withoutComment(
    line,
  ).matchAll(token)) {
    if (operator !== undefined) {
      endWord();
      commands.push([]);
    } else if (redirection !== undefined) {
      endWord();
      isTarget = true;
    } else if (space !== undefined) endWord();
    else word = `${word ?? ''}${single ?? double ?? placeholder ?? plain ?? ''}`;
  }
  endWord();
  return commands.flatMap((words) => {
    const [name, ...rest] = words.slice(words.findIndex((one) => !/^[A-Z_]+=/.test(one)));
    return name === 'iii' ? [rest] : [];
  });
}

/** Without what follows a `#` that begins a word; those in quotes stay. */
function withoutComment(line: string): string {
  return line.replace(/^((?:'[^']*'|"[^"]*"|[^'"#]|(?<=\S)#)*)(?<=^|\s)#.*$/, '$1').trim();
}
