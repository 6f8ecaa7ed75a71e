/** Serves the reactors of a bad release, in a process of its own: it stumbles over orders called bad. */
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { join } from 'node:path';
import { jsonLogger } from '../../api/cli/loggers';
import { fulfilmentWithin } from '../../domain/fulfilment/fulfilment';
import { paymentTermMs } from '../../domain/fulfilment/payment-term';
import { readSettings } from '../../infra/configuration';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import type { AnyProcessManager } from '../../domain/kernel/process-manager';
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
  (options, { dataDirectory, baseUrl }) =>
    startReactors({
      ...options,
      reactorsFile: join(dataDirectory, 'reactors.sqlite'),
      openStore: () => openEventFeed(join(dataDirectory, 'store.sqlite')),
      processManagers: [brokenIn(fulfilmentWithin(readSettings({ paymentTermMs }).paymentTermMs))],
      api: { baseUrl },
    }),
  jsonLogger(),
);
