import { IiiError, messageOf, type ErrorCode } from '../../base/errors.ts';
import { readItems, readMember } from '../../base/json.ts';
import type { LocalCall, LocalFunction } from '../../engine/functions.ts';
import type { State, StateChange } from '../../state/state.ts';
import { Input, invalid } from '../input.ts';

/** Operations one `state::update` may hold. */
const MAX_OPS = 1_000;

type Run = (input: Input, call: LocalCall) => Promise<string | null>;

/**
 * `state::*` (wire-protocol.md §5.5). Values pass through as the text they came as. What goes wrong
 * has the code of the function, such as `SET_ERROR`.
 */
export function stateFunctions(state: State): LocalFunction[] {
  const at = (input: Input): [scope: string, key: string] => [
    input.string('scope'),
    input.string('key'),
  ];
  return [
    stateFunction('state::set', 'SET_ERROR', async (input, call) => {
      const value = readMember(call.data, 'value') ?? readMember(call.data, 'data');
      if (value === undefined) throw invalid('value is required');
      return changeText(await state.set(...at(input), value, call));
    }),
    stateFunction('state::get', 'GET_ERROR', (input) => state.get(...at(input))),
    stateFunction('state::delete', 'DELETE_ERROR', async (input, call) => {
      return (await state.delete(...at(input), call)).before;
    }),
    stateFunction('state::update', 'UPDATE_ERROR', async (input, call) => {
      const ops = readItems(readMember(call.data, 'ops') ?? '');
      if (ops === undefined) throw invalid('ops must be a list of operations');
      if (ops.length > MAX_OPS) throw invalid(`ops may hold ${MAX_OPS} operations at most`);
      const { errors, ...change } = await state.update(...at(input), ops, call);
      return changeText(change, errors.length > 0 ? `,"errors":${JSON.stringify(errors)}` : '');
    }),
    stateFunction('state::list', 'LIST_ERROR', async (input) => {
      return `[${(await state.list(input.string('scope'))).join(',')}]`;
    }),
    stateFunction('state::list_groups', 'LIST_GROUPS_ERROR', async () => {
      return JSON.stringify({ groups: await state.groups() });
    }),
  ];
}

function stateFunction(id: string, code: ErrorCode, run: Run): LocalFunction {
  return {
    id,
    description: null,
    access: 'trigger',
    internal: true,
    run: async (call) => {
      try {
        return await run(new Input(call.data), call);
      } catch (thrown) {
        if (thrown instanceof IiiError && thrown.code === 'VALUE_TOO_LARGE') throw thrown;
        throw new IiiError(code, messageOf(thrown), { cause: thrown });
      }
    },
  };
}

function changeText({ before, after }: StateChange, more = ''): string {
  return `{"old_value":${before ?? 'null'},"new_value":${after ?? 'null'}${more}}`;
}
