import type { Engine } from '../../engine/engine.ts';
import type { LocalCall } from '../../engine/functions.ts';
import type { Alerts } from '../../observe/alerts/alerts.ts';
import type { EventLog } from '../../observe/event-log.ts';
import type { QueueActivity } from '../../observe/queue-activity.ts';
import type { EngineCard } from '../../queue/store.ts';
import type { WorkerGaugeBoard } from '../../observe/worker-gauges.ts';
import type { AdminFunctionId, AdminResult } from '../contract.ts';
import type { Input } from '../input.ts';
import type { RunningConfig } from '../running-config.ts';

/** What handlers work with. */
export interface AdminParts {
  readonly engine: Engine;
  readonly config: RunningConfig;
  readonly activity: QueueActivity;
  /** Without it workers show no gauges. */
  readonly gauges?: WorkerGaugeBoard;
  /** Without it none fires. */
  readonly alerts?: Alerts;
  readonly eventLog: EventLog;
  /** The eras of the worker protocol, as `iii --version` prints them. */
  readonly protocol: string;
  /** This engine, as it shows itself to others. */
  readonly card: () => EngineCard;
}

/** What the audit trail is to keep of a call beside what its answer says. */
export interface AuditNote {
  /** Facts that the answer does not have. */
  readonly facts: Record<string, string | number | boolean>;
  /** False where all already was as it was asked to be: then nothing is entered. */
  changed: boolean;
}

export type Handler<Result = unknown> = (
  input: Input,
  call: LocalCall,
  note: AuditNote,
) => Promise<Result>;

/** The handlers of some functions of the contract, by id. */
export type AdminHandlers<Ids extends AdminFunctionId> = {
  readonly [Id in Ids]: Handler<AdminResult<Id>>;
};
