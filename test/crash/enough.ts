import type { Volumes } from './check-history.ts';

/** What makes a run mean something: at least this much for each fault, on average. */
const FEWEST_PER_FAULT: Readonly<Partial<Record<keyof Volumes, number>>> = {
  accepted: 50,
  deliveries: 50,
  redeliveries: 1,
  deaths: 2,
  redriven: 1,
  discarded: 0.05,
  cancelled: 0.1,
  pauses: 0.1,
  lateAnswers: 1,
  duplicates: 0.5,
  faultsMidWrite: 0.3,
  faultsBeforeReceipt: 0.02,
  faultsInPauses: 0.05,
  commandsCutOff: 0.02,
};

/** Names what there was too little of, and the faults that did not happen. */
export function tooLittle(volumes: Volumes, asked: Volumes['faults']): readonly string[] {
  const faults = Object.values(volumes.faults).reduce((sum, count) => sum + count, 0);
  const few = Object.entries(FEWEST_PER_FAULT).flatMap(([name, fewest]) => {
    const found = volumes[name as Exclude<keyof Volumes, 'faults'>];
    const needed = Math.floor(fewest * faults);
    return found >= needed ? [] : [`${found} ${name}, at least ${needed} are needed`];
  });
  const missing = Object.entries(asked).flatMap(([name, count]) => {
    const found = volumes.faults[name as keyof Volumes['faults']];
    return found >= count ? [] : [`${found} times ${name}, asked for ${count}`];
  });
  return [...few, ...missing];
}
