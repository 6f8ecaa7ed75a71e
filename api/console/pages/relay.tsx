/** The relay: how far Kafka has what the store has, and what it does not take. */
import type { BlockedPartition, RelayStatus } from '../../../infra/relay/state/state';
import { Action } from './actions';
import { post } from './api';
import { count, duration } from './format';
import { useTopic } from './live';
import { Ago, Badge, Empty, Facts, Page, Section, Table, Time } from './parts';

/** The page of the relay. */
export const RelayPage = () => {
  const relay = useTopic<RelayStatus>('relay');
  if (relay === undefined)
    return (
      <Page title="Relay">
        <Empty>No relay has run on this data yet.</Empty>
      </Page>
    );
  const failures = Object.entries(relay.failures);
  return (
    <Page title="Relay" lead={relay.reason ?? 'It publishes what is committed to Kafka, in order.'}>
      <Facts
        of={[
          ['State', <Badge word={relay.state} />],
          ['Since', <Ago at={relay.since} />],
          ['Published up to', `position ${count(relay.cursor)} of ${count(relay.storePosition)}`],
          ['Behind', `${count(relay.lagEvents)} events, ${duration(relay.lagSeconds)}`],
          ['Published since its start', count(relay.published)],
          ['Found in Kafka already', count(relay.skipped)],
          ['Broker', relay.broker ?? '–'],
          ['Failures', failures.length === 0 ? 'none' : failures.map(([kind, n]) => `${kind}: ${n}`).join(', ')],
          ['Last sign of life', <Ago at={relay.updatedAt} />],
        ]}
      />
      {relay.blocked.length === 0 ? null : <Blocked blocked={relay.blocked} />}
      {relay.unroutable.length === 0 ? null : (
        <Section title="Events without an aggregate">
          <Table caption="Events that no topic takes" head={['Category', 'Events', 'First', 'Last position']}>
            {relay.unroutable.map(({ category, events, firstEventId, lastPosition }) => (
              <tr key={category}>
                <th scope="row">{category}</th>
                <td class="n">{count(events)}</td>
                <td>{firstEventId}</td>
                <td class="n">{count(lastPosition)}</td>
              </tr>
            ))}
          </Table>
        </Section>
      )}
      <Section title="Topics">
        <Table caption="Topics of the relay" head={['Topic', 'Partitions', 'Identity']}>
          {relay.topics.map(({ topic, partitions, logId }) => (
            <tr key={topic}>
              <th scope="row">{topic}</th>
              <td class="n">{partitions}</td>
              <td>
                <code>{logId}</code>
              </td>
            </tr>
          ))}
        </Table>
      </Section>
    </Page>
  );
};

const Blocked = ({ blocked }: { readonly blocked: ReadonlyArray<BlockedPartition> }) => (
  <Section title="Partitions that an event blocks">
    <Table
      caption="Blocked partitions"
      head={['Partition', 'Event', 'Held back', 'Since', 'Next attempt', 'Reason', 'Cure']}
    >
      {blocked.map((each) => (
        <tr key={each.eventId}>
          <th scope="row">{`${each.topic}/${each.partition}`}</th>
          <td>{each.eventId}</td>
          <td class="n">{count(each.events)}</td>
          <td>
            <Ago at={each.since} />
          </td>
          <td>
            <Time at={each.nextAttemptAt} />
          </td>
          <td class="long">{each.reason}</td>
          <td>
            <Action
              label="Withhold"
              title={`Withhold ${each.eventId} for ever?`}
              isDestructive
              effect={
                <p>
                  Consumers get a placeholder in its place; {count(each.events - 1)} events behind it are published. It
                  can't be taken back, and stays in the audit. Raising the topic's limit is the better cure where it is
                  possible.
                </p>
              }
              fields={[{ name: 'reason', label: 'Reason, for the audit' }]}
              run={async ({ reason }) => {
                await post('/ops/relay/skips', { eventId: each.eventId, reason });
                return `${each.eventId} will be withheld.`;
              }}
            />
          </td>
        </tr>
      ))}
    </Table>
  </Section>
);
