/**
 * Bundles of lines that are kept for a while: jobs as they were before they were ended, so that it
 * can be undone.
 */
export interface Archive {
  /** Adds lines at the end of a bundle. Resolves when they are as safe as the jobs are. */
  append(bundle: string, lines: readonly string[]): Promise<void>;

  /** The lines of a bundle, in pieces; none when there is no such bundle. A line that was cut is left out. */
  read(bundle: string): AsyncIterable<readonly string[]>;

  /** Removing what is not there is no error. */
  remove(bundle: string): Promise<void>;
}
