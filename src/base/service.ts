/** Something that runs. Both calls may be repeated; `stop` waits until nothing of it runs any more. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
