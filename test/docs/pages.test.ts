import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/index.ts';
import { parse } from '../config/config-fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const DOCS = readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`);
const EXAMPLES = readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}/README.md`);
const PAGES = ['README.md', 'CONTRIBUTING.md', ...DOCS, ...EXAMPLES];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...textOf(page).matchAll(/^```([a-z]+).*\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = '']) => ({ page, language, text }),
  ),
);

describe.each(PAGES)('%s', (page) => {
  it('links to what is there', () => {
    const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(textOf(target)).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

describe('the examples in the pages', () => {
  const files = BLOCKS.filter(
    ({ language, text }) => language === 'yaml' && /^(workers|modules):/m.test(text),
  );
  it.each(files.filter(({ text }) => !text.includes('max_retires')))(
    'have a configuration that is valid: $page',
    ({ text }) => {
      const errors = parse(text, { env: { III_TOKEN: 'a'.repeat(64) } }).problems;
      expect(errors.filter(({ severity }) => severity === 'error')).toEqual([]);
    },
  );

  it.each(BLOCKS.filter(({ language }) => ['js', 'ts'].includes(language)))(
    'can be read as code: $page',
    ({ text }) => {
      const { diagnostics } = ts.transpileModule(text, {
        reportDiagnostics: true,
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
      });
      expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
    },
  );
});

describe('docs/migration.md and docs/dead-letters.md', () => {
  it('name functions that every engine has', async () => {
    const engine = await createEngine({});
    const { functions } = await engine.admin('iii::function::list', { includeInternal: true });
    const known = functions.map(({ functionId }) => functionId);
    const text = textOf('docs/migration.md') + textOf('docs/dead-letters.md');
    const named = [...text.matchAll(/^\| `((?:iii|engine|queue)[.:][a-z:._]+|enqueue)[ `]/gm)];
    expect(named.length).toBeGreaterThan(8);
    for (const [, id] of named) expect(known).toContain(id);
    await engine.stop();
  });
});

describe('the workers in Rust, which no test compiles', () => {
  const files = readdirSync(join(ROOT, 'examples'))
    .map((name) => `examples/${name}/worker.rs`)
    .filter((path) => existsSync(join(ROOT, path)));

  it.each(files)('%s says with what it was tried', (path) => {
    const head = textOf(path).split('\n\n')[0]?.replaceAll('\n//!', '');
    expect(head).toMatch(/Tried with iii-sdk \d+\.\d+\.\d+ and Rust \d+\.\d+\. Cargo\.toml:/);
  });
});

describe('docs/llms.txt', () => {
  it('leads to every page', () => {
    const index = textOf('docs/llms.txt');
    const pages = [...DOCS.filter((page) => page.endsWith('.md')), ...EXAMPLES];
    const missing = pages.filter(
      (page) =>
        !index.includes(`(${page.replace('docs/', '')})`) && !index.includes(`(../${page})`),
    );
    expect(missing).toEqual([]);
  });
});

/** The names of the headings of a page, as GitHub makes them. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
