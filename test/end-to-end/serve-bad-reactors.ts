/** Serves the reactors of a bad release, in a process of its own: it stumbles over orders called bad. */
import { join } from 'node:path';
import { jsonLogger } from '../../api/cli/loggers';
import { fulfilmentWithin } from '../../domain/fulfilment/fulfilment';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import type { AnyProcessManager } from '../../infra/reactors/processes/processes';
import { startReactors } from '../../infra/reactors/reactors';
import { serveRole } from '../support/serve-role';

const isUntaken = ({ type, stream }: RecordedEvent): boolean =>
  type === 'PaymentCaptured' || (type === 'OrderPlaced' && stream.endsWith('called-off'));

const brokenIn = (sound: AnyProcessManager): AnyProcessManager => ({
  ...sound,
  step: (state, input) => {
    const isBad = (id: string): boolean => id.includes('bad');
    if (input._tag === 'Event' && isBad(input.event.stream) && isUntaken(input.event)) {
      throw new TypeError("cannot read properties of undefined (reading 'exchangeRate')");
    }
    // What became of a command is an input like any other, and so is the end of a term.
    if (input._tag === 'Outcome' && input.outcome._tag === 'Rejected' && isBad(input.outcome.command.id)) {
      throw new TypeError("cannot read properties of undefined (reading 'substitute')");
    }
    if (input._tag === 'DeadlinePassed' && isBad(input.deadline.id)) {
      throw new TypeError("cannot read properties of undefined (reading 'reminder')");
    }
    return sound.step(state, input);
  },
});

void serveRole(
  (options, { dataDirectory, paymentTermMs, baseUrl }) =>
    startReactors({
      ...options,
      reactorsFile: join(dataDirectory, 'reactors.sqlite'),
      storeFile: join(dataDirectory, 'store.sqlite'),
      processManagers: [brokenIn(fulfilmentWithin(paymentTermMs))],
      api: { baseUrl },
    }),
  jsonLogger(),
);
