import type { JobExplanation } from '../../admin/contract.ts';
import type { RecordView } from '../output/output.ts';
import { stateOf } from './job.ts';

/** Why a job is where it is: each reason, and under it what would change it. */
export const explanationRecord: RecordView<JobExplanation> = {
  name: ({ job }) => job.id,
  sections: ({ job, reasons }) => [
    {
      fields: [
        ['job', { text: job.id, tone: 'strong' }],
        ['state', stateOf(job.state)],
        ['queue', job.queue],
        ['function', job.functionId],
        ...(job.group === null ? [] : ([['group', job.group]] as const)),
        ['attempts', `${job.attempts} of ${job.maxAttempts}`],
      ],
    },
    ...reasons.map((reason, at) => ({
      title: at === 0 ? 'why' : 'and then',
      text: `${reason.text}\n-> ${reason.change}`,
      isProse: true as const,
    })),
  ],
};
