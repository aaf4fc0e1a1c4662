/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  /** `warn`: look at it. `bad`: jobs are stuck, or may be lost. */
  readonly level: 'ok' | 'warn' | 'bad';
  readonly text: string;
  /** What mends it: a command, or what to do; `null` when all is well. */
  readonly mend: string | null;
}
