import { parseDocument, visit, type Document } from 'yaml';
import type { Findings, Range } from './findings.ts';
import type { ProblemCode } from './problem-codes.ts';
import { TreeBuilder, type Tree } from './tree.ts';
import { fillVariables, hideVariables, type Variable } from './variables.ts';

/** Largest configuration that is read. */
const FILE_BYTES = 1024 * 1024;

/**
 * Reads YAML text into a tree, variables filled in. Everything wrong with the text is reported; what
 * could be read is given back all the same, so that one run shows all problems.
 */
export function readTree(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): Tree | undefined {
  if (new TextEncoder().encode(text).length > FILE_BYTES) {
    findings.error(
      'file_too_large',
      { path: '', range: null },
      'A configuration of more than 1 MiB is not read',
      'Check that this is the right file.',
    );
    findings.breakAt(0);
    return undefined;
  }
  const hidden = hideVariables(text);
  try {
    const document = parseDocument(hidden.text, {
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      prettyErrors: false,
      // Our own check of keys says where the first one is, and takes linear time.
      uniqueKeys: false,
    });
    reportSyntax(document, hidden.variables, text, findings);
    return new TreeBuilder(document, hidden.variables, env, findings).build();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    findings.error('yaml_syntax', { path: '', range: null }, 'The file is nested too deeply');
    findings.breakAt(0);
    return undefined;
  }
}

function reportSyntax(
  document: Document.Parsed,
  variables: readonly Variable[],
  text: string,
  findings: Findings,
): void {
  const { yaml, tags } = document.directives;
  if (yaml.explicit === true || Object.keys(tags).length > 1) {
    const start = text.search(/^%/m);
    findings.error(
      'yaml_directive',
      { path: '', range: [start, endOfLine(text, start)] },
      'YAML directives are not supported',
      'Remove the line that begins with `%`.',
    );
  }
  const reportedLines = new Set<number>();
  const found: { code: ProblemCode; message: string; hint: string | null; range: Range }[] = [];
  for (const error of document.errors) {
    const line = findings.lineOf(error.pos[0]);
    if (reportedLines.has(line)) continue;
    reportedLines.add(line);
    const message = fillVariables(error.message, variables, ({ range }) =>
      text.slice(range[0], range[1]),
    );
    const isOpenEnded = error.code === 'MISSING_CHAR';
    const range = (isOpenEnded ? openQuote(document, error.pos[0]) : undefined) ?? error.pos;
    found.push({ ...explain(error.code, message), range });
  }
  for (const { code, message, hint, range } of found) {
    findings.error(code, { path: '', range }, message, hint);
  }
  for (const { range } of found) findings.breakAt(range[0]);
}

/** Where the quote was opened whose end is missing: the library points to where the text ends. */
function openQuote(document: Document.Parsed, missingAt: number): Range | undefined {
  let opened: Range | undefined;
  visit(document, {
    Scalar(_key, { type, range }) {
      const isQuoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
      if (isQuoted && range && range[0] < missingAt && range[1] >= missingAt) {
        opened = [range[0], range[0] + 1];
      }
    },
  });
  return opened;
}

/** The library's finding in our words, where we have better ones. */
function explain(
  libraryCode: string,
  message: string,
): { code: ProblemCode; message: string; hint: string | null } {
  switch (libraryCode) {
    case 'TAB_AS_INDENT':
      return {
        code: 'tab_indent',
        message: 'The line is indented with a tab',
        hint: 'Indent with spaces, two for each level.',
      };
    case 'MULTIPLE_DOCS':
      return {
        code: 'multiple_documents',
        message: 'A second document begins here',
        hint: 'Remove the `---` line, or split the file.',
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        code: 'yaml_syntax',
        message: 'A value cannot hold a key on the same line, nor go on as a map on the next',
        hint: 'Check the indentation of this line and the next, or put the value in quotes.',
      };
    case 'MISSING_CHAR':
      return { code: 'yaml_syntax', message: message.replace('"quote', 'quote'), hint: null };
    default:
      return { code: 'yaml_syntax', message, hint: null };
  }
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end;
}
