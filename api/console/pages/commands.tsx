/** Commands and deadlines of process managers that were set aside. */
import type { SetAsideEntry } from '../../../infra/reactors/processes/processes';
import { Action } from './actions';
import { path, post, queryOf, type Items } from './api';
import { AuditTable } from './audit-table';
import type { DeadLetterTopic } from './dead-letter-counts';
import { useTicks, useTopic } from './live';
import { Ago, Badge, Empty, Facts, Loaded, Page, Section, useFetched } from './parts';
import { replaceQuery, type Place } from './router';

const STATUSES = ['open', 'released', 'discarded', 'all'];

/** The list. */
export const CommandsPage = ({ place: { query } }: { readonly place: Place }) => {
  const status = query.get('status') ?? 'open';
  const topic = useTopic<DeadLetterTopic>('deadLetters');
  const version = `${useTicks(3)} ${topic?.setAside.join() ?? ''}`;
  const url = `/ops/commands${queryOf({ status: status === 'all' ? '' : status })}`;
  const found = useFetched<Items<SetAsideEntry>>(url, version);
  return (
    <Page
      title="Commands set aside"
      lead="A process manager could not carry these out; its instance stops there, all others go on. Remove the cause, then release."
    >
      <form class="inline" onSubmit={(event) => event.preventDefault()}>
        <label>
          Status
          <select value={status} onChange={(event) => replaceQuery(queryOf({ status: event.currentTarget.value }))}>
            {STATUSES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </form>
      <Loaded from={found}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>There are none.</Empty>
          ) : (
            items.map((each) => <Entry key={each.id} entry={each} />)
          )
        }
      </Loaded>
    </Page>
  );
};

const Entry = ({ entry }: { readonly entry: SetAsideEntry }) => {
  const act = async (action: string, body?: unknown): Promise<string> => {
    await post(path('ops', 'commands', entry.id, action), body);
    return `${action === 'release' ? 'It will be performed' : 'It will be given up'}; the audit shows it once it is carried out.`;
  };
  return (
    <Section title={`${entry.id}: ${entry.kind} ${entry.subject}`}>
      <p>{entry.reason}</p>
      <Facts
        of={[
          ['Status', <Badge word={entry.status} />],
          ['Process instance', entry.instance],
          ['Set aside', <Ago at={entry.setAsideAt} />],
        ]}
      />
      {entry.status !== 'open' ? null : (
        <p class="actions">
          <Action
            label="Release"
            title={`Perform ${entry.subject} again?`}
            effect={
              <p>
                The {entry.kind} is performed again, and then everything that waits behind it; no restart is needed.
              </p>
            }
            run={() => act('release')}
          />
          <Action
            label="Discard"
            title={`Give up ${entry.subject}?`}
            isDestructive
            effect={<p>The process instance {entry.instance} goes on without it. It can't be taken back.</p>}
            fields={[{ name: 'reason', label: 'Reason, for the audit' }]}
            run={({ reason }) => act('discard', { reason })}
          />
        </p>
      )}
      {entry.audit.length === 0 ? null : <AuditTable entries={entry.audit} />}
    </Section>
  );
};
