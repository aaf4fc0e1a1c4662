import type { JobTable } from './job-table.ts';
import { RowJob, type RowBodies } from './row-job.ts';
import { scanRows } from './row-scan.ts';
import type { JobScan, ScannedJob } from './store.ts';

/**
 * The jobs of a table in slices, see `JobBrowser.scan`.
 * @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS (cursor), when the first slice is asked for
 */
export async function* scanTable(
  table: JobTable,
  bodies: RowBodies,
  scan: JobScan,
): AsyncGenerator<readonly ScannedJob[]> {
  const lines = scan.queues === null ? null : new Set(scan.queues.map((name) => table.line(name)));
  table.causes.makeRoom();
  const belongs = (row: number): boolean => lines === null || lines.has(table.lineOf(row));
  for (const rows of scanRows(table.columns, scan, belongs)) {
    yield rows.map((row) => new RowJob(table, bodies, scan.order, row));
  }
}
