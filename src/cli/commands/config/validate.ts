import type { ConfigProblem, LoadedConfig } from '../../../config/config.ts';
import type { RunCommand } from '../../command.ts';
import { readConfig } from '../../config-source.ts';
import type { Context } from '../../context.ts';
import { printable } from '../../output/escape.ts';
import { wrap } from '../../output/wrap.ts';
import { countOf } from '../../../base/count.ts';
import { describePolicy } from '../../views/policy.ts';

const INVALID = 2;
/** Columns by which the rest of a sentence is indented that takes several lines. */
const INDENT = 2;

export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const loaded = await readConfig(context.io, input.optionalArgument('file'));
  const errors = loaded.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = loaded.problems.length - errors;
  const valid = errors === 0 && !(input.flag('strict') && warnings > 0);
  switch (output.format) {
    case 'github':
      for (const problem of loaded.problems) await output.text(workflowCommand(problem));
      break;
    case 'name':
      for (const { name } of loaded.queues) await output.text(printable(name));
      break;
    case 'table':
      await explain(context, loaded, { errors, warnings, valid });
      break;
    default:
      await output.value({
        valid,
        problems: loaded.problems.map(({ source, length, ...problem }) => problem),
        queues: loaded.queues,
      });
  }
  return valid ? 0 : INVALID;
};

interface Verdict {
  readonly errors: number;
  readonly warnings: number;
  readonly valid: boolean;
}

async function explain(context: Context, loaded: LoadedConfig, verdict: Verdict): Promise<void> {
  const { output } = context;
  const { formatProblem } = await import('../../../config/problem.ts');
  for (const problem of loaded.problems) await output.problem(`${formatProblem(problem)}\n`);
  const { columns = Number.POSITIVE_INFINITY } = context.io.stdout;
  for (const queue of loaded.queues) {
    const line = printable(`${queue.name}: ${describePolicy(queue)}`);
    await output.text(wrap(line, columns - INDENT).replaceAll('\n', `\n${' '.repeat(INDENT)}`));
  }
  const found = [
    ...(verdict.errors > 0 ? [countOf(verdict.errors, 'error')] : []),
    ...(verdict.warnings > 0 ? [countOf(verdict.warnings, 'warning')] : []),
  ].join(', ');
  const file = loaded.config?.file ?? loaded.problems[0]?.file;
  const subject = file ?? 'No configuration file; the defaults';
  await output.note(
    `${subject}: ${verdict.valid ? 'valid' : 'not valid'}${found === '' ? '' : ` (${found})`}`,
  );
}

/** A problem as GitHub Actions reads it: https://docs.github.com/actions, workflow commands. */
function workflowCommand(problem: ConfigProblem): string {
  const properties = [
    ['file', problem.file],
    ['line', problem.line],
    ['col', problem.column],
    ['title', problem.code],
  ].filter(([, value]) => value !== null);
  const where = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const message = problem.hint === null ? problem.message : `${problem.message} ${problem.hint}`;
  return `::${problem.severity} ${where.join(',')}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
