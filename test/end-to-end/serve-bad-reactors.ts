/** Serves the reactors of a bad release, in a process of its own: it stumbles over orders called bad. */
import { join } from 'node:path';
import { catalog, withTopicPrefix } from '../../domain/catalog';
import { fulfilmentWithin } from '../../domain/fulfilment/fulfilment';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { systemClock } from '../../infra/clock';
import { readConfiguration } from '../../infra/configuration';
import { openLog } from '../../infra/kafka/open-log';
import { silentLogger } from '../../infra/logger';
import type { AnyProcessManager } from '../../infra/reactors/process';
import { startReactors } from '../../infra/reactors/reactors';

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

const serve = async (): Promise<void> => {
  const configuration = readConfiguration();
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  const running = await startReactors({
    log,
    catalog: withTopicPrefix(catalog, configuration.topicPrefix),
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    leaseTtlMs: configuration.leaseTtlMs,
    acceptNewLog: false,
    reactorsFile: join(configuration.dataDirectory, 'reactors.sqlite'),
    storeFile: join(configuration.dataDirectory, 'store.sqlite'),
    processManagers: [brokenIn(fulfilmentWithin(configuration.paymentTermMs))],
    api: { baseUrl: configuration.baseUrl },
    topicPrefix: configuration.topicPrefix,
  });
  running.done.catch((error: unknown) => {
    throw error;
  });
  process.once('SIGTERM', () => {
    void running.stop().then(() => log.close());
  });
};

void serve();
