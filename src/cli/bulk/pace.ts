import type { BulkInput } from '../../admin/bulk-contract.ts';
import type { CommandInput } from '../input.ts';
import { usageError } from '../usage.ts';

const PER_SECOND: Readonly<Record<string, number>> = { s: 1, m: 1 / 60, h: 1 / 3_600 };

type Pace = Pick<BulkInput, 'ratePerSecond' | 'limit' | 'canary' | 'noUndo'>;

/** The options that say how fast and how many. */
export function readPace(input: CommandInput): Pace {
  const limit = input.count('limit', 1);
  const ratePerSecond = readRate(input.text('rate'));
  const jobs = input.count('canary', 1);
  const share = readShare(input.text('abortIfFailRate'));
  if (share !== undefined && jobs === undefined) {
    throw usageError(
      '--abort-if-fail-rate needs --canary',
      'add --canary 5: the jobs released first',
      'the rate is one of the jobs that a canary releases first',
    );
  }
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(jobs === undefined ? {} : { canary: { jobs, abortIfFailRate: share ?? 0 } }),
    ...(input.flag('withoutUndo') ? { noUndo: true } : {}),
  };
}

/** Reads `--rate` as jobs per second. */
export function readRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount = '', unit = 's'] = /^(\d+(?:\.\d+)?)(?:\/(s|m|h))?$/.exec(text) ?? [];
  const rate = Number(amount) * (PER_SECOND[unit] ?? 0);
  if (amount !== '' && rate > 0) return rate;
  throw usageError(
    `--rate is not a rate: '${text}'`,
    'write jobs per second, minute or hour: 50, 50/s, 600/m',
    'it is not a number above 0, alone or with /s, /m or /h',
  );
}

function readShare(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount = '', percent] = /^(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const share = Number(amount) / (percent === undefined ? 1 : 100);
  if (amount !== '' && share <= 1) return share;
  throw usageError(
    `--abort-if-fail-rate is not a share: '${text}'`,
    'write it as 20% or 0.2',
    'it is not a number from 0 to 1, or from 0% to 100%',
  );
}
