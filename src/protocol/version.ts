/** The eras of the worker protocol this engine speaks, as `iii --version` prints it. */
export const PROTOCOL_VERSION = '0.9-0.22';
