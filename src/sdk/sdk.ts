/* What `iii-engine/sdk` offers. */

export type { ChannelRef } from '../protocol/channel-ref.ts';
export { ChannelError } from './channel-connection.ts';
export type { ChannelReader } from './channel-reader.ts';
export type { ChannelWriter } from './channel-writer.ts';
export type { Channel } from './channels.ts';
export { client } from './client.ts';
export { InvocationError, NonRetryableError, RetryAfter } from './errors.ts';
export { http, type HttpRequest, type HttpResponse, type StreamedResponse } from './http.ts';
export { Logger } from './logger.ts';
export { iii, type ModuleDefinition, type ModuleTrigger, type StepConfig } from './module.ts';
export type { ProvidedTrigger, TriggerTypeHandler } from './providers.ts';
export { registerWorker, type WorkerOptions } from './register-worker.ts';
export {
  TriggerAction,
  type EnqueueAction,
  type EnqueueOptions,
  type VoidAction,
} from './trigger-action.ts';
export type {
  BatchJob,
  CallContext,
  FunctionOptions,
  Handler,
  HttpInvocation,
  JobFacts,
  Receipt,
  Registered,
  TriggerInput,
  TriggerRequest,
  Worker,
} from './worker.ts';
