import { countOf } from '../../base/count.ts';
import { IiiError } from '../../base/errors.ts';
import type { Context } from '../context.ts';
import { openLines } from '../enqueue/lines.ts';
import { JobsDigest, SCHEMA } from './format.ts';

/** A whole file of dead jobs. */
export interface JobsFile {
  /** Queue they were exported from; `null` when the header is gone. */
  readonly queue: string | null;
  /** Lines of jobs, and their place in the file. */
  readonly lines: readonly { readonly number: number; readonly text: string }[];
  /** What is different from the export, for people; empty when nothing is. */
  readonly differences: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a file and checks that it is whole. That it was edited is no problem; that its end is missing
 * is one.
 * @throws IiiError INVALID_ARGUMENTS naming the line
 */
export async function readJobsFile(context: Context, file: string): Promise<JobsFile> {
  const source = openLines(context, file);
  const lines: { number: number; text: string }[] = [];
  const digest = new JobsDigest();
  let header: Fields | undefined;
  let end: Fields | undefined;
  for await (const { number, text } of source.lines) {
    const fields = parseLine(text, number, source.name);
    if (end !== undefined) throw bad(number, source.name, 'there are lines behind the last one');
    if (fields['type'] === 'header') {
      if (header !== undefined) throw bad(number, source.name, 'a second header');
      if (fields['schema'] !== SCHEMA) {
        throw bad(
          number,
          source.name,
          `its schema is ${JSON.stringify(fields['schema'])}, not ${SCHEMA}`,
        );
      }
      header = fields;
    } else if (fields['type'] === 'end') end = fields;
    else {
      lines.push({ number, text });
      digest.add(text);
    }
  }
  if (header === undefined || end === undefined) {
    const missing =
      header === undefined ? 'first line, the header,' : 'last line, with the checksum,';
    throw new IiiError(
      'INVALID_ARGUMENTS',
      `${source.name} is not whole: its ${missing} is missing`,
      {
        reason: 'it was cut, or a tool left that line out; nothing was done',
        hint: 'export it again, or keep lines whose type is header or end (jq: if .type=="job" then … else . end)',
      },
    );
  }
  const differences: string[] = [];
  if (end['count'] !== digest.count) {
    differences.push(`it has ${countOf(digest.count, 'job')} and had ${String(end['count'])}`);
  }
  if (end['checksum'] !== digest.sum())
    differences.push('its jobs were edited since it was exported');
  const queue = typeof header['queue'] === 'string' ? header['queue'] : null;
  return { queue, lines, differences };
}

function parseLine(text: string, number: number, name: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Fields;
  } catch {
    // said below, with the line
  }
  throw bad(number, name, 'it is no JSON object');
}

function bad(number: number, name: string, why: string): IiiError {
  return new IiiError('INVALID_ARGUMENTS', `line ${number} of ${name} cannot be read: ${why}`, {
    hint: 'one JSON object per line, as iii dlq export writes them (jq needs -c)',
    details: { line: number },
  });
}
