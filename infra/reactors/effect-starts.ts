/** Where effects begin, and the modes that operators have set. */
import type { Effect } from '../../domain/kernel/effect';
import { whenNotBusy } from '../sqlite/leased-database';
import type { EffectRows, EffectStart } from './processes/processes';
import type { ReactorContext } from './reactor-context';

/** Before an effect's start is stored, no event is performed. */
const NEVER: EffectStart = { afterPosition: Number.MAX_SAFE_INTEGER, notBefore: null };

/** Where an effect begins. */
export const startOf = (rows: EffectRows, { name }: Effect): EffectStart => rows.start(name) ?? NEVER;

type Preparing = Pick<ReactorContext, 'file' | 'reader' | 'clock' | 'logger' | 'senders'>;

/** Stores where each effect begins that runs for the first time. Later changes of `startFrom` change nothing. */
export const prepareEffects = async ({ file, reader, clock, logger, senders }: Preparing): Promise<void> => {
  const lastPosition = await reader.lastPosition();
  await whenNotBusy(clock, () =>
    file.write(() => {
      for (const { effect } of senders.effects) {
        if (file.effects.start(effect.name) !== undefined) continue;
        const start = firstStart(effect, lastPosition);
        file.effects.begin(effect.name, start);
        logger.info({ group: effect.name, ...start }, 'a new effect: performed from here on');
      }
    }),
  );
};

const firstStart = ({ startFrom }: Effect, lastPosition: number): EffectStart => {
  if (startFrom === 'now') return { afterPosition: lastPosition, notBefore: null };
  if (startFrom === 'beginning') return { afterPosition: 0, notBefore: null };
  return { afterPosition: 0, notBefore: startFrom.time };
};

type Running = Pick<ReactorContext, 'file' | 'senders' | 'processes' | 'processStore'>;

/** Sends everything that is pending at a start, except the calls of paused effects. */
export const beginSending = ({ file, senders, processes, processStore }: Running): void => {
  for (const process of processes) {
    const pending = processStore.pending(process);
    const running = senders.effects.find(({ effect }) => effect.name === process.name);
    if (running === undefined) senders.of(process).enqueue(pending);
    else running.begin(file.effects.mode(process.name), pending);
  }
};

/** Adopts the stored mode of every effect. */
export const adoptModes = ({ file, senders, processes, processStore }: Running): void => {
  for (const { effect, adopt } of senders.effects) {
    const process = processes.find(({ name }) => name === effect.name);
    adopt(file.effects.mode(effect.name), () => (process === undefined ? [] : processStore.pending(process)));
  }
};
