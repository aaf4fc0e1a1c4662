import type { EngineCard, EngineFacts, EnginePeers, SeenEngine } from '../../queue/store.ts';
import type { RedisContext } from './context.ts';
import { defineScript } from './scripts/script.ts';

/** An engine that was not stopped in order is listed for this long. */
const FORGET_MS = 60 * 60 * 1_000;

/**
 * Says that an engine is there, and forgets those that have long been silent.
 *
 * KEYS[1]  hash of the engines
 * ARGV[1]  id; empty to look only
 * ARGV[2]  its card, JSON
 * ARGV[3]  milliseconds of silence after which an engine is forgotten
 * returns  { now, id, when last seen and card on two lines, … }
 */
const SEEN = defineScript(
  'seen',
  [
    String.raw`
local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. '\n' .. ARGV[2])
end
local answer = { string.format('%.0f', now) }
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local seen = tonumber(string.match(all[index + 1], '^%d+'))
  if now - seen > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[index])
  else
    answer[#answer + 1] = all[index]
    answer[#answer + 1] = all[index + 1]
  end
end
return answer
`,
  ],
  // an engine that is there is not taken for dead because Redis takes no more jobs
  true,
);

/** The engines on the same Redis and prefix. */
export class RedisPeers implements EnginePeers {
  readonly #context: RedisContext;
  #self: { readonly card: EngineCard; readonly facts: () => EngineFacts } | undefined;

  constructor(context: RedisContext) {
    this.#context = context;
  }

  async announce(card: EngineCard, facts: () => EngineFacts): Promise<void> {
    this.#self = { card, facts };
    await this.beat();
  }

  /** Says again that this engine is there. */
  async beat(): Promise<void> {
    if (this.#self === undefined) return;
    const { card, facts } = this.#self;
    await this.#seen(card.id, { ...card, facts: facts() });
  }

  /** This engine stops in order. */
  async leave(): Promise<void> {
    if (this.#self === undefined) return;
    const { card } = this.#self;
    this.#self = undefined;
    const { connection, keys } = this.#context;
    await connection.call((client) => client.hdel(keys.engines(), card.id));
  }

  async list(): Promise<readonly SeenEngine[]> {
    const [now = '0', ...entries] = await this.#seen('', null);
    const engines: SeenEngine[] = [];
    for (let at = 1; at < entries.length; at += 2) {
      const text = entries[at] ?? '';
      const end = text.indexOf('\n');
      const lastSeenAt = Number(text.slice(0, end));
      const card = JSON.parse(text.slice(end + 1)) as EngineCard & { facts: EngineFacts };
      const alive = Number(now) - lastSeenAt <= this.#context.leaseMs;
      engines.push({ ...card, lastSeenAt, alive });
    }
    return engines.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async #seen(id: string, said: object | null): Promise<string[]> {
    const { connection, keys } = this.#context;
    const args = [id, said === null ? '' : JSON.stringify(said), String(FORGET_MS)];
    return (await connection.run(SEEN, [keys.engines()], args)) as string[];
  }
}
