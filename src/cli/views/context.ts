import type { Contexts, EngineContext } from '../contexts/contexts-file.ts';
import type { ListView, RecordView } from '../output/output.ts';

/** A context as it is shown: never with its token. */
export interface ContextView {
  readonly name: string;
  readonly url: string;
  /** The one in use. */
  readonly current: boolean;
  /** Where its token is: in a file of its own, or with the contexts. */
  readonly token: 'file' | 'stored' | null;
  readonly tokenFile: string | null;
}

export function viewContext(
  { name, url, tokenFile, token }: EngineContext,
  current: Contexts['current'],
): ContextView {
  return {
    name,
    url,
    current: name === current,
    token: tokenFile !== null ? 'file' : token !== null ? 'stored' : null,
    tokenFile,
  };
}

function describeToken({ token, tokenFile }: ContextView): string {
  if (tokenFile !== null) return tokenFile;
  return token === null ? 'none' : 'kept with the context';
}

export const contextList: ListView<ContextView> = {
  columns: [
    {
      title: 'NAME',
      importance: 100,
      min: 8,
      value: ({ name, current }) => (current ? { text: `${name} *`, tone: 'strong' } : name),
    },
    { title: 'ADDRESS', importance: 90, min: 12, value: ({ url }) => url },
    { title: 'TOKEN', importance: 50, value: describeToken },
  ],
  name: ({ name }) => name,
  empty: 'There are no contexts. Add one: iii context add <name> --url <address>',
};

export const contextRecord: RecordView<ContextView> = {
  name: ({ name }) => name,
  sections: (context) => [
    {
      fields: [
        ['name', context.name],
        ['address', context.url],
        ['token', describeToken(context)],
        ['in use', context.current ? 'yes' : 'no'],
      ],
    },
  ],
};

/** The engine that a call would talk to. */
export interface TargetView {
  readonly url: string;
  readonly context: string | null;
  /** Who names it. */
  readonly origin: string;
  /** Whether a token would be sent. */
  readonly token: boolean;
}

export const targetRecord: RecordView<TargetView> = {
  name: ({ context, url }) => context ?? url,
  sections: ({ url, context, origin, token }) => [
    {
      fields: [
        ['address', url],
        ['context', context ?? 'none'],
        ['named by', origin],
        ['token', token ? 'is sent' : 'none'],
      ],
    },
  ],
};
