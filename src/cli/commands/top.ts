import type { AdminClient } from '../../admin/client.ts';
import { messageOf } from '../../base/errors.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { type Key, KeyReader } from '../top/keys.ts';
import {
  type Effect,
  press,
  type Snapshot,
  startModel,
  takeSnapshot,
  type TopModel,
} from '../top/model.ts';
import { drawScreen } from '../top/screen.ts';
import { Terminal } from '../top/terminal.ts';
import { countOf } from '../../base/count.ts';
import { usageError } from '../usage.ts';

const INTERVAL_MS = 1_000;
/** Dead jobs that are looked at. */
const DEAD = 100;
/** A terminal that does not tell its size is taken for this. */
const SIZE = { columns: 80, rows: 24 };

/** The rest of a key that came in two parts comes within this; Escape alone has none. */
const KEY_PARTS_MS = 50;

export const run: RunCommand = async (context, input) => {
  const { io } = context;
  if (!io.stdout.isTerminal || io.stdinKind !== 'terminal') {
    throw usageError(
      'iii top needs a terminal',
      'in a pipe or a script: iii queue list --watch -o ndjson',
      'it draws on a whole screen and reads keys',
    );
  }
  const intervalMs = input.duration('interval') ?? INTERVAL_MS;
  const engine = await context.engine();
  const info = await engine.call('iii::engine::info', {});
  const terminal = new Terminal(io);
  const model = startModel(info, context.settings.target().url);
  const live = new LiveView(context, terminal, model, intervalMs);
  try {
    await terminal.enter();
    await live.run();
  } finally {
    await terminal.leave();
  }
  return 0;
};

/** Asks, draws and takes keys until somebody quits. */
class LiveView {
  readonly #context: Context;
  readonly #terminal: Terminal;
  readonly #intervalMs: number;
  readonly #keys = new KeyReader();
  #model: TopModel;
  /** The last event that was seen. */
  #after: number | undefined;
  #quit: () => void = () => undefined;
  #drawing = Promise.resolve();
  /** Whether something is drawn anyway as soon as the last drawing has left. */
  #isDrawn = false;
  #asking = false;
  /** Whether something wanted an answer while the engine was being asked. */
  #askAgain = false;
  #ended = false;
  #cancelTimer: () => void = () => undefined;
  #cancelKeys: () => void = () => undefined;

  constructor(context: Context, terminal: Terminal, model: TopModel, intervalMs: number) {
    this.#context = context;
    this.#terminal = terminal;
    this.#model = model;
    this.#intervalMs = intervalMs;
  }

  async run(): Promise<void> {
    const { io, signal, clock } = this.#context;
    const onKeys = (bytes: Buffer): void => {
      this.#cancelKeys();
      this.#press(this.#keys.read(bytes));
      this.#cancelKeys = clock.after(KEY_PARTS_MS, () => this.#press(this.#keys.rest()));
    };
    const onResize = (): void => this.#draw();
    const done = new Promise<void>((resolve) => {
      this.#quit = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    io.stdin.on('data', onKeys);
    io.stdout.raw.on('resize', onResize);
    void this.#ask();
    await done;
    this.#ended = true;
    io.stdin.off('data', onKeys);
    io.stdout.raw.off('resize', onResize);
    this.#cancelTimer();
    this.#cancelKeys();
    this.#quit = () => undefined;
    await this.#drawing;
  }

  #press(keys: readonly Key[]): void {
    for (const key of keys) {
      const { model, effect } = press(this.#model, key);
      this.#model = model;
      if (effect !== undefined) void this.#carryOut(effect);
    }
    if (keys.length > 0) this.#draw();
  }

  #isOver(): boolean {
    return this.#ended;
  }

  #isAskedAgain(): boolean {
    return this.#askAgain && !this.#ended;
  }

  /** Asks the engine, draws, and comes again after the interval. */
  async #ask(): Promise<void> {
    if (this.#isOver()) return;
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    this.#cancelTimer();
    do {
      this.#askAgain = false;
      await this.#askOnce();
    } while (this.#isAskedAgain());
    this.#asking = false;
    // an answer that comes after the end would ask again, for ever
    if (this.#isOver()) return;
    this.#cancelTimer = this.#context.clock.after(this.#intervalMs, () => void this.#ask());
  }

  async #askOnce(): Promise<void> {
    try {
      const { lost } = this.#model;
      const engine = lost === null ? await this.#context.engine() : await this.#context.reconnect();
      if (lost !== null) this.#after = undefined;
      const snapshot = await this.#look(engine);
      // not before the wait: keys have changed the model meanwhile
      this.#model = takeSnapshot(this.#model, snapshot);
    } catch (thrown) {
      this.#model = { ...this.#model, lost: messageOf(thrown) };
    }
    if (!this.#isOver()) this.#draw();
  }

  async #look(engine: AdminClient): Promise<Snapshot> {
    const { view, queue } = this.#model;
    const kinds = ['job_retried', 'job_dead', 'job_returned'];
    const from = this.#after === undefined ? { recent: DEAD } : { after: this.#after };
    const [{ queues }, { workers }, page, dead] = await Promise.all([
      engine.call('iii::queue::list', {}),
      engine.call('iii::worker::list', {}),
      engine.call('iii::event::list', { kinds, ...from }),
      view === 'dead' && queue !== null
        ? engine.call('iii::dlq::list', { queue, limit: DEAD })
        : { jobs: [] },
    ]);
    this.#after = page.last;
    // of another queue than the one that is open by now they would be shown as its own
    const isStill = this.#model.view === view && this.#model.queue === queue;
    return { queues, workers, failures: page.events, dead: isStill ? dead.jobs : [] };
  }

  async #carryOut(effect: Effect): Promise<void> {
    if (effect.kind === 'quit') {
      this.#quit();
      return;
    }
    if (effect.kind === 'redraw') {
      this.#terminal.forget();
      return;
    }
    if (effect.kind === 'suspend') {
      await this.#suspend();
      return;
    }
    try {
      const message = await this.#change(effect);
      if (message !== null) this.#model = { ...this.#model, message };
    } catch (thrown) {
      this.#model = { ...this.#model, message: messageOf(thrown) };
    }
    await this.#ask();
  }

  /** Gives the terminal back until the shell brings this process to the front again. */
  async #suspend(): Promise<void> {
    try {
      await this.#terminal.leave();
      await this.#context.io.suspend();
      if (this.#isOver()) return;
      await this.#terminal.enter();
    } catch {
      this.#quit();
    }
    this.#draw();
  }

  /** Does what a key asked for; the answer is what to say about it. */
  async #change(
    effect: Exclude<Effect, { kind: 'quit' | 'suspend' | 'redraw' }>,
  ): Promise<string | null> {
    const engine = await this.#context.engine();
    switch (effect.kind) {
      case 'refresh':
        return null;
      case 'pause': {
        const { queue, paused } = effect;
        await engine.call(paused ? 'iii::queue::pause' : 'iii::queue::resume', { queue });
        return paused ? `${queue} is paused; p resumes it.` : `${queue} is active again.`;
      }
      case 'redrive': {
        const { queue, jobId } = effect;
        const ids = jobId === null ? {} : { ids: [jobId] };
        const { redriven } = await engine.call('iii::dlq::redrive', { queue, ...ids });
        return `${countOf(redriven, 'job')} brought back to ${queue}.`;
      }
    }
  }

  #draw(): void {
    if (this.#isDrawn) return;
    this.#isDrawn = true;
    this.#drawing = this.#drawing
      .then(() => {
        this.#isDrawn = false;
        return this.#write();
      })
      // the terminal is gone: nobody sees anything any more
      .catch(() => this.#quit());
  }

  async #write(): Promise<void> {
    const { io, output } = this.#context;
    const size = { columns: io.stdout.columns ?? SIZE.columns, rows: io.stdout.rows ?? SIZE.rows };
    await this.#terminal.draw(await drawScreen(this.#model, size, await output.look()), size);
  }
}
