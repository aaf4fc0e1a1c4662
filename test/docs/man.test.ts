import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { manPage } from '../../scripts/man-page.ts';
import { COMMANDS } from '../../src/cli/tree.ts';

const FILE = fileURLToPath(new URL('../../man/iii.1', import.meta.url));
const MACROS = /^\.(\\"|TH|SH|SS|TP|PP|RS|RE|nf|fi)( |$)/;

/** Why nothing can be typeset here. */
const groffMissing =
  spawnSync('groff', ['--version']).error === undefined ? null : 'groff is not installed';

function typeset(...args: readonly string[]) {
  return spawnSync('groff', ['-man', '-ww', ...args, FILE], { encoding: 'utf8' });
}

describe('the manual page', () => {
  it('is in the package, where man finds it', () => {
    const file = new URL('../../package.json', import.meta.url);
    const { man, files } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(man).toBe('./man/iii.1');
    expect(files).toContain('man');
  });

  it('has every command with its options', () => {
    const lines = new Set(manPage().split('\n'));
    const plain = (text: string) => text.replaceAll('-', '\\-');
    for (const { path, options, hidden } of COMMANDS) {
      if (hidden === true) continue;
      expect(lines).toContain(`.SS iii ${plain(path.join(' '))}`);
      for (const option of options ?? []) {
        if (option.hidden !== true) expect(lines).toContain(`\\fB${plain(option.flags)}\\fR`);
      }
    }
  });

  it('is plain ASCII and has no macro by accident', () => {
    const lines = manPage().split('\n');
    expect(lines.filter((line) => /[^\x20-\x7e]/.test(line))).toEqual([]);
    expect(lines.filter((line) => /^[.']/.test(line) && !MACROS.test(line))).toEqual([]);
  });

  it('is typeset without a warning', ({ skip }) => {
    if (groffMissing !== null) skip(groffMissing);
    expect(typeset('-z')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('shows examples as they are typed', ({ skip }) => {
    if (groffMissing !== null) skip(groffMissing);
    const { stdout } = typeset('-Tascii', '-P-c', '-P-b', '-P-u');
    const examples = COMMANDS.flatMap(({ examples: shown }) => shown);
    const missing = examples.filter(({ command }) => !stdout.includes(command));
    expect(missing).toEqual([]);
  });
});
