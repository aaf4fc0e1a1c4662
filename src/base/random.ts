/** The only source of chance: ids and jitter. */
export interface Random {
  /** A new UUID v4, lower case. */
  uuid(): string;
  /** A number in [0, 1). */
  fraction(): number;
}

/** Cryptographic ids and ordinary randomness for jitter. */
export const systemRandom: Random = {
  uuid: () => globalThis.crypto.randomUUID(),
  fraction: () => Math.random(),
};
