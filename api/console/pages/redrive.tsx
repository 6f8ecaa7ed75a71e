/** One redrive: what it would run, and how far it is. */
import type { RedriveStatus } from '../../../infra/dead-letters/query/query';
import { Action } from './actions';
import { path, post } from './api';
import { count, counted } from './format';
import { useTicks } from './live';
import { Ago, Badge, Facts, Loaded, Page, Section, Time, useFetched } from './parts';
import { to } from './router';

const BATCHES = ['', 'one stream', '5 %', '25 %', 'the rest'];

/** The page of a redrive. */
export const RedrivePage = ({ id }: { readonly id: string }) => {
  const fetched = useFetched<RedriveStatus>(path('ops', 'redrives', id), useTicks(1));
  const { value } = fetched;
  return (
    <Page
      title={`Redrive ${id}`}
      lead={
        value?.reason ??
        'It takes one stream, then 5 %, 25 % and the rest, and halts at the first failure of the same cause.'
      }
      actions={value === undefined ? undefined : <Controls redrive={value} reload={fetched.reload} />}
    >
      <Loaded from={fetched}>{(redrive) => <Redrive redrive={redrive} />}</Loaded>
    </Page>
  );
};

const Redrive = ({ redrive }: { readonly redrive: RedriveStatus }) => {
  const { group, state, keys, preview, batch, ratePerSecond } = redrive;
  const finished = keys.done + keys.failed + keys.gone;
  return (
    <>
      <p>
        <Badge word={state} /> {count(finished)} of {counted(preview.keys, 'stream')},{' '}
        {counted(redrive.events, 'event')} applied
      </p>
      <progress aria-label="Progress of the redrive" max={Math.max(1, preview.keys)} value={finished} />
      <Facts
        of={[
          ['Group', <a href={to('groups', group)}>{group}</a>],
          ['Run', count(keys.done)],
          ['Failed again', count(keys.failed)],
          ['Resolved otherwise', count(keys.gone)],
          ['Not run yet', count(keys.waiting)],
          ['Next batch', batch === null ? 'none' : (BATCHES[batch] ?? String(batch))],
          ['At most', `${count(ratePerSecond)} events a second`],
          ['Started', <Time at={redrive.startedAt} />],
          ['Finished', <Time at={redrive.finishedAt} />],
        ]}
      />
      <Section title="The plan">
        <Facts
          of={[
            ['Streams', count(preview.keys)],
            ['Events, with those parked', count(preview.events)],
            ['Oldest failure', <Ago at={preview.oldest} />],
            ['Classes', textOf(preview.classes)],
            ['Causes', textOf(preview.fingerprints)],
            ['Schema versions', textOf(preview.schemaVersions)],
            ['Can only be discarded', count(preview.notRedrivable)],
          ]}
        />
      </Section>
    </>
  );
};

const textOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, value]) => `${name}: ${count(value)}`)
    .join(', ') || 'none';

const Controls = ({ redrive, reload }: { readonly redrive: RedriveStatus; readonly reload: () => void }) => {
  const { id, state, preview, group, keys } = redrive;
  const isRunnable =
    state === 'planned' || state === 'paused' || state === 'halted' || (state === 'requested' && keys.waiting > 0);
  return (
    <>
      {isRunnable ? (
        <Action
          label="Run"
          title={`Run redrive ${id}?`}
          effect={
            <p>
              {counted(preview.events, 'event')} of {counted(preview.keys, 'stream')} are applied to {group} again, in
              their order. Nothing is published again, and no other group is affected.
            </p>
          }
          run={async () => {
            await post(path('ops', 'redrives', id, 'run'));
            reload();
            return `Redrive ${id} runs.`;
          }}
        />
      ) : null}
      {state === 'running' ? (
        <Action
          label="Pause"
          title={`Pause redrive ${id}?`}
          effect={<p>It stops after the events in progress; run it again to go on.</p>}
          run={async () => {
            await post(path('ops', 'redrives', id, 'pause'));
            reload();
            return `Redrive ${id} pauses.`;
          }}
        />
      ) : null}
    </>
  );
};
