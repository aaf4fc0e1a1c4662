import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/base/errors.ts';
import { parseArguments } from '../../src/cli/parse.ts';
import { COMMANDS, namesOf, NOUNS } from '../../src/cli/tree.ts';
import { GLOBAL_OPTIONS } from '../../src/cli/tree/options.ts';
import { namedCalls, readCalls, shellExamples } from '../support/shell-examples.ts';

/* Every call of `iii` that a page shows or names is one that the command tree takes. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

const PAGES = [
  ...['README.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}/README.md`),
];

/** What is wrong with the calls of a page's shell blocks, each with page and line. */
function wrongLines(page: string, markdown: string): readonly string[] {
  return shellExamples(page, markdown).flatMap(({ line, command }) =>
    readCalls(command).flatMap((words) => {
      try {
        parseArguments(words, 80);
        return [];
      } catch (thrown) {
        return [`${page}:${line}: ${command}: ${messageOf(thrown)}`];
      }
    }),
  );
}

/** What sentences name and the tree does not have; arguments may be left out in a sentence. */
function wrongNames(page: string, markdown: string): readonly string[] {
  return namedCalls(page, markdown).flatMap(({ line, command }) =>
    readCalls(command).flatMap((words) => {
      const [noun, verb] = words.filter((word) => !word.startsWith('-'));
      const spec = COMMANDS.find(({ path }) =>
        path.length === 1 ? path[0] === noun : path[0] === noun && path[1] === verb,
      );
      const isKnown = noun === undefined || noun === '<command>' || spec !== undefined;
      const isNoun = verb === undefined && NOUNS.some(({ name }) => name === noun);
      if (!isKnown && !isNoun) return [`${page}:${line}: ${command}: no such command`];
      const names = [...(spec?.options ?? []), ...GLOBAL_OPTIONS].flatMap((one) => namesOf(one));
      return words
        .map((word) => word.split('=')[0] ?? '')
        .filter((word) => /^--?[a-z]/.test(word) && !names.includes(word))
        .map((option) => `${page}:${line}: ${command}: no option ${option}`);
    }),
  );
}

describe('the commands that pages show', () => {
  it.each(PAGES)('are such as iii takes: %s', (page) => {
    expect(wrongLines(page, textOf(page))).toEqual([]);
  });

  it.each(PAGES)('are such as iii has, within sentences too: %s', (page) => {
    expect(wrongNames(page, textOf(page))).toEqual([]);
  });

  it('are many', () => {
    const shown = PAGES.flatMap((page) => shellExamples(page, textOf(page)));
    const named = PAGES.flatMap((page) => namedCalls(page, textOf(page)));
    expect(shown.length).toBeGreaterThan(120);
    expect(named.length).toBeGreaterThan(60);
  });
});

describe('a page that is wrong', () => {
  const page = [
    ...['Use `iii queue halt` or `iii dlq list --whre x`.', '```sh', 'iii queue list  # fine'],
    ...['iii queue lst', 'curl x | iii enqueue mail --functoin f', '```'],
    ...['```console', '$ iii job show', 'iii queue lst', '$ III_URL=x iii dlq list "a b" \\'],
    ...['    --nope', '```', '```yaml', 'iii: nothing', '```'],
  ].join('\n');

  it('is told with its lines', () => {
    expect(wrongLines('page.md', page)).toEqual([
      "page.md:4: iii queue lst: there is no command 'iii queue lst'",
      "page.md:5: curl x | iii enqueue mail --functoin f: unknown option '--functoin'",
      "page.md:8: iii job show: missing required argument 'id'",
      'page.md:10: III_URL=x iii dlq list "a b"     --nope: unknown option \'--nope\'',
    ]);
    expect(wrongNames('page.md', page)).toEqual([
      'page.md:1: iii queue halt: no such command',
      'page.md:1: iii dlq list --whre x: no option --whre',
    ]);
  });

  it('is read as a shell reads it', () => {
    expect(readCalls(`echo 'a|b' | iii dlq list q --where 'error~"#4"' > out.txt # all`)).toEqual([
      ['dlq', 'list', 'q', '--where', 'error~"#4"'],
    ]);
    expect(readCalls('iii dlq show <id>')).toEqual([['dlq', 'show', '<id>']]);
  });
});
