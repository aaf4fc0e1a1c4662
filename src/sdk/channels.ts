import { isChannelRef, type ChannelRef } from '../protocol/channel-ref.ts';
import { ChannelReader } from './channel-reader.ts';
import { ChannelWriter } from './channel-writer.ts';

/** A pipe for bytes and texts from one function to another. */
export interface Channel {
  readonly writer: ChannelWriter;
  readonly reader: ChannelReader;
  /** Sent to a function, these arrive there as a writer or reader. Each side can be used once. */
  readonly writerRef: ChannelRef;
  readonly readerRef: ChannelRef;
}

/** The sides of channels that this worker has in its hands. */
export class Channels {
  readonly #engineUrl: string;
  /** Writers that have begun, until they are closed. */
  readonly #used = new Set<ChannelWriter>();

  constructor(engineUrl: string) {
    this.#engineUrl = engineUrl;
  }

  /** Both sides of what `engine::channels::create` answered. */
  open({ writer, reader }: { readonly writer: ChannelRef; readonly reader: ChannelRef }): Channel {
    return {
      writer: this.#writer(writer),
      reader: new ChannelReader(this.#engineUrl, reader),
      writerRef: writer,
      readerRef: reader,
    };
  }

  /** The value of a JSON text, with a writer or reader in place of each reference to a channel. */
  parse(text: string): unknown {
    const value: unknown = JSON.parse(text);
    return text.includes('"access_key"') ? this.#withSides(value) : value;
  }

  /** By hand and not with the reviver of `JSON.parse`, which costs several times the parsing itself. */
  #withSides(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (isChannelRef(value)) {
      return value.direction === 'write'
        ? this.#writer(value)
        : new ChannelReader(this.#engineUrl, value);
    }
    for (const [key, member] of Object.entries(value)) {
      const side = this.#withSides(member);
      // defined and not assigned: the key may be `__proto__`
      if (side !== member) Object.defineProperty(value, key, { value: side });
    }
    return value;
  }

  /** Resolves when everything was taken of the writers that are at their end. */
  async finished(): Promise<void> {
    const ending = [...this.#used].filter(({ stream }) => stream.writableEnded);
    await Promise.all(
      ending.map(({ stream }) => new Promise((resolve) => stream.once('close', resolve))),
    );
  }

  #writer(ref: ChannelRef): ChannelWriter {
    const writer = new ChannelWriter(this.#engineUrl, ref, () => {
      this.#used.add(writer);
      writer.stream.once('close', () => this.#used.delete(writer));
    });
    return writer;
  }
}
