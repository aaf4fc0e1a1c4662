import {
  encodeRegisterTrigger,
  encodeTriggerRegistrationResult,
  encodeUnregisterTrigger,
} from '../protocol/encode.ts';
import type { ProviderLink } from './bindings.ts';

/** Tells workers about bindings over the protocol (wire-protocol.md §4.4). */
export const providerLink: ProviderLink = {
  bind: (provider, binding) => {
    provider.link.send(encodeRegisterTrigger(binding));
  },
  unbind: (provider, binding) => {
    provider.link.send(encodeUnregisterTrigger(binding));
  },
  reject: (owner, binding, error) => {
    owner.link.send(encodeTriggerRegistrationResult(binding, error));
  },
  warn: (owner, binding, warnings) => {
    owner.link.send(encodeTriggerRegistrationResult(binding, null, warnings));
  },
};
