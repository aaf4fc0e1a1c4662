import { IiiError } from '../base/errors.ts';
import type { ConfigProblem, LoadedConfig } from './config.ts';

/**
 * One problem as a compiler would print it, without colour: place, severity, code and message; then
 * the line with the spot underlined; then what to do. Several lines, no newline at the end.
 */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, severity, code, message, source, hint } = problem;
  const lines = [`${placeOf(file, line, column)}${severity}[${code}]: ${message}`];
  if (line !== null && column !== null && source !== null && source.trim() !== '') {
    const number = String(line);
    const margin = ' '.repeat(number.length);
    const indent = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
    lines.push(` ${number} | ${source}`, ` ${margin} | ${indent}${'^'.repeat(problem.length)}`);
  }
  if (hint !== null) lines.push(`  hint: ${hint.replaceAll('\n', '\n        ')}`);
  return lines.map(printable).join('\n');
}

/** One error that stands for all problems; they are in its `details.problems`. */
export function configErrors(loaded: LoadedConfig): IiiError {
  const errors = loaded.problems.filter(({ severity }) => severity === 'error');
  const where = errors[0]?.file ?? 'the configuration';
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  return new IiiError('CONFIG_INVALID', `${count} in ${where}`, {
    hint: 'Correct what is listed, then check with: iii config validate',
    details: { problems: loaded.problems },
  });
}

function placeOf(file: string | null, line: number | null, column: number | null): string {
  const position = line === null || column === null ? '' : `${line}:${column}`;
  const place = [file ?? '', position].filter((part) => part !== '').join(':');
  return place === '' ? '' : `${place} `;
}

/** A file may hold anything; what it holds must not steer the terminal that shows it. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\u{fffd}');
}
