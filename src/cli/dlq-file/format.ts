import { createHash } from 'node:crypto';
import type { ExportedJob } from '../../admin/bulk-contract.ts';
import { canonicalText, readMember } from '../../base/json.ts';
import { JsonText, writeJson } from '../output/json.ts';

/** First word of the header; grows with every change of the format that older readers cannot take. */
export const SCHEMA = 'iii-dlq/1';

/**
 * A file of dead jobs: a header line, one line per job, and a last line that says how many there are
 * and their checksum. The checksum is taken of each line's value and not of its characters, so that
 * a tool that writes the same JSON in another way changes nothing.
 */
export class JobsDigest {
  readonly #hash = createHash('sha256');
  count = 0;

  add(line: string): void {
    this.#hash.update(canonicalText(line)).update('\n');
    this.count += 1;
  }

  /** Ends it. */
  sum(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

export function headerLine(queue: string, count: number, exportedAt: string): string {
  return writeJson({ type: 'header', schema: SCHEMA, queue, count, exportedAt }, false);
}

export function endLine(digest: JobsDigest): string {
  const { count } = digest;
  return writeJson({ type: 'end', count, checksum: digest.sum() }, false);
}

/** A job as one line, its payload exactly as the producer sent it. */
export function jobLine({ payloadText, ...job }: ExportedJob): string {
  return writeJson({ type: 'job', ...job, payload: new JsonText(payloadText) }, false);
}

/** The job of a line as the engine takes it. */
export function readJobLine(line: string): ExportedJob {
  const { payload: _payload, type: _type, ...job } = JSON.parse(line) as Record<string, unknown>;
  const payloadText = readMember(line, 'payload') ?? '';
  return { ...job, payloadText } as unknown as ExportedJob;
}
