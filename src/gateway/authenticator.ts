import type { Clock } from '../base/clock.ts';
import type { Endpoint } from './accept.ts';
import { LoginLimiter } from './login-limiter.ts';
import { type AcceptedToken, findToken } from './tokens.ts';

/** What becomes of an upgrade request, as far as tokens decide. */
export type Admission =
  /** `token` is `null` when the engine has none. */
  | { readonly kind: 'open'; readonly token: AcceptedToken | null }
  /** The token has to come as the first frame. */
  | { readonly kind: 'waits' }
  /** Telemetry without a token: it may stay, and nobody listens. */
  | { readonly kind: 'muted' }
  | { readonly kind: 'refused'; readonly status: 401 | 429 | 503; readonly reason: string };

/** Decides by tokens who gets in. */
export class Authenticator {
  readonly #tokens: readonly AcceptedToken[];
  readonly #limiter: LoginLimiter;
  readonly #maxWaiting: number;
  #waiting = 0;
  #muted = 0;

  constructor(tokens: readonly AcceptedToken[], clock: Clock, maxWaiting: number) {
    this.#tokens = tokens;
    this.#limiter = new LoginLimiter(clock);
    this.#maxWaiting = maxWaiting;
  }

  /** `presented` is the token of the request itself. */
  admit(presented: string | null, endpoint: Endpoint, address: string): Admission {
    if (this.#tokens.length === 0) return { kind: 'open', token: null };
    if (presented !== null) {
      if (!this.#limiter.admits(address)) {
        return { kind: 'refused', status: 429, reason: 'too many failed logins' };
      }
      const token = this.login(presented, address);
      if (token !== undefined) return { kind: 'open', token };
      return { kind: 'refused', status: 401, reason: 'the token is not accepted' };
    }
    // published SDKs send headers only to the other endpoint, and come back for ever when refused
    if (endpoint === 'telemetry') {
      if (this.#muted < this.#maxWaiting) return { kind: 'muted' };
      return { kind: 'refused', status: 503, reason: 'too much telemetry comes without a token' };
    }
    if (this.#waiting >= this.#maxWaiting) {
      return { kind: 'refused', status: 503, reason: 'too many connections wait for a token' };
    }
    return { kind: 'waits' };
  }

  /** The entry of a token; `undefined` when it is wrong, or when too many were wrong just now. */
  login(presented: string, address: string): AcceptedToken | undefined {
    if (!this.#limiter.admits(address)) return undefined;
    const token = findToken(this.#tokens, presented);
    if (token === undefined) this.#limiter.countFailure(address);
    return token;
  }

  /**
   * Counts a connection that nobody listens to.
   * @returns ends that; safe to call twice
   */
  beginMuted(): () => void {
    this.#muted += 1;
    let isOpen = true;
    return () => {
      if (isOpen) this.#muted -= 1;
      isOpen = false;
    };
  }

  /**
   * Counts a connection that waits for its token.
   * @returns ends the waiting; safe to call twice
   */
  beginWaiting(): () => void {
    this.#waiting += 1;
    let isWaiting = true;
    return () => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
    };
  }
}
