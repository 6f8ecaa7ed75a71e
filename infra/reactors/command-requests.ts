/** Operators' requests about suspended commands, deadlines and calls, and about effects. Stored formats, version with care. */
import * as t from 'io-ts';
import { readRequest, RequestRefused, type OperationKind, type OperationRequest } from '../commands/operation-requests';
import { PositiveInteger } from '../dead-letters/redrive/redrive';
import { wordOf } from '../../domain/kernel/values';
import { effectModes, type ReactorsFile, type ReleasedInstance } from './processes/processes';

export const commandKinds: ReadonlyArray<OperationKind> = ['command-release', 'command-discard', 'effect-mode'];

const ReleaseRequest = t.strict({ group: t.string, number: PositiveInteger });
const DiscardRequest = t.strict({ group: t.string, number: PositiveInteger, reason: t.string });

const ModeRequest = t.strict({ group: t.string, mode: wordOf(effectModes) });

/** Carries a request out, in the caller's transaction; returns the process instance that resumes, if one does. Throws RequestRefused. */
export const carryOutCommandRequest = (
  { setAside, effects }: Pick<ReactorsFile, 'setAside' | 'effects'>,
  groups: ReadonlySet<string>,
  request: OperationRequest,
): ReleasedInstance | undefined => {
  const context = { actor: request.actor, requestId: request.id };
  const checkGroup = (group: string): string => {
    if (groups.has(group)) return group;
    throw new RequestRefused(`no process manager or effect of this program is called '${group}'`);
  };
  if (request.kind === 'effect-mode') {
    const { group, mode } = readRequest(request, ModeRequest);
    if (effects.start(checkGroup(group)) === undefined) throw new RequestRefused(`'${group}' is not an effect`);
    effects.setMode(group, mode, request.actor);
    return undefined;
  }
  if (request.kind === 'command-discard') {
    const { group, number, reason } = readRequest(request, DiscardRequest);
    return setAside.discard(checkGroup(group), number, reason, context);
  }
  const { group, number } = readRequest(request, ReleaseRequest);
  return setAside.release(checkGroup(group), number, context);
};
