import type { Check } from './check.ts';
import { deadAreRight, exhaustedAreDead, redriveConserves } from './checks/dead.ts';
import {
  attemptsAreCounted,
  cancelledNeverRun,
  endIsFinal,
  lateAnswersChangeNothing,
  nothingIsEarly,
  pausesHold,
  redeliveriesHaveCauses,
} from './checks/deliveries.ts';
import {
  groupsKeepTheirOrder,
  limitsHold,
  oneOfAGroupAtATime,
  redrivenInTheirPlace,
} from './checks/groups.ts';
import {
  nothingIsAcceptedInTheDark,
  oneWriter,
  recoveryIsStable,
  stopsAreInOrder,
} from './checks/lives.ts';
import {
  bytesAreIntact,
  dedupKeysHold,
  noPhantoms,
  nothingIsLost,
  receiptsAreUnique,
  syncedBeforeReceipt,
} from './checks/receipts.ts';
import { countsAddUp, oneStateEach, totalsAreTrue } from './checks/totals.ts';

/** Something that must hold whatever happens to the engine. */
export interface Invariant {
  readonly id: string;
  readonly promise: string;
  readonly checks: readonly Check[];
}

/** What every history is held against. */
export const INVARIANTS: readonly Invariant[] = [
  { id: 'I1', promise: 'nothing accepted is lost', checks: [nothingIsLost] },
  { id: 'I2', promise: 'nothing runs that was not sent, or was refused', checks: [noPhantoms] },
  { id: 'I3', promise: 'one receipt, one job, for ever', checks: [receiptsAreUnique] },
  { id: 'I4', promise: 'every job is in one state', checks: [oneStateEach] },
  { id: 'I5', promise: 'what has ended does not run again', checks: [endIsFinal] },
  { id: 'I5b', promise: 'a job runs again only for a reason', checks: [redeliveriesHaveCauses] },
  { id: 'I6', promise: 'groups keep their order', checks: [groupsKeepTheirOrder] },
  { id: 'I6c', promise: 'one job of a group at a time', checks: [oneOfAGroupAtATime] },
  { id: 'I6d', promise: 'late answers change nothing', checks: [lateAnswersChangeNothing] },
  { id: 'I7', promise: 'redriven jobs go back to their place', checks: [redrivenInTheirPlace] },
  { id: 'I8', promise: 'limits of what is in flight hold', checks: [limitsHold] },
  { id: 'I9', promise: 'attempts are counted', checks: [attemptsAreCounted] },
  {
    id: 'I10',
    promise: 'the dead are those that have to be',
    checks: [deadAreRight, exhaustedAreDead],
  },
  { id: 'I11', promise: 'redriving loses and doubles nothing', checks: [redriveConserves] },
  { id: 'I12', promise: 'counts are true', checks: [countsAddUp, totalsAreTrue] },
  { id: 'I13', promise: 'payloads stay what they were', checks: [bytesAreIntact] },
  { id: 'I14', promise: 'nothing runs before its time', checks: [nothingIsEarly] },
  { id: 'I17', promise: 'a dedup key stands for one job', checks: [dedupKeysHold] },
  { id: 'I18', promise: 'synced before the receipt', checks: [syncedBeforeReceipt] },
  { id: 'I19', promise: 'no receipt after the disk failed', checks: [nothingIsAcceptedInTheDark] },
  { id: 'I20', promise: 'recovery is the same each time', checks: [recoveryIsStable] },
  { id: 'I21', promise: 'one engine per folder', checks: [oneWriter] },
  { id: 'I22', promise: 'stops are in order', checks: [stopsAreInOrder] },
  { id: 'pause', promise: 'what is paused does not run', checks: [pausesHold] },
  { id: 'cancel', promise: 'what was cancelled never runs', checks: [cancelledNeverRun] },
];
