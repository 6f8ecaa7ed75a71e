/** One dead letter: why, whom it concerns, what was done, and what can be done. */
import type { DeadLetterDetail } from '../../../infra/dead-letters/query/query';
import { Action } from './actions';
import { post } from './api';
import { AuditTable } from './audit-table';
import { letterPath, PlanRedrive } from './dead-letters';
import type { ShownEvent } from './events';
import { count } from './format';
import { useTicks } from './live';
import { Ago, Badge, Facts, Json, Loaded, Page, Section, Table, Time, useFetched } from './parts';
import { to } from './router';

interface Concern {
  readonly event: ShownEvent | null;
  readonly aggregate: string | null;
  readonly aggregateId: string | null;
  readonly rows: ReadonlyArray<string>;
  readonly hasMoreRows: boolean;
}

/** The page of a dead letter. */
export const DeadLetterPage = ({ id }: { readonly id: string }) => {
  const letter = useFetched<DeadLetterDetail>(letterPath(id), useTicks(2));
  const concern = useFetched<Concern>(`${letterPath(id)}/concerns`, letter.value?.status);
  return (
    <Page
      title={`Dead letter ${id}`}
      lead={letter.value?.reason}
      actions={letter.value === undefined ? undefined : <Acts letter={letter.value} />}
    >
      <Loaded from={letter}>
        {(found) => (
          <>
            <LetterFacts letter={found} />
            <Section title="Whom it concerns">
              <Loaded from={concern}>{(whom) => <Concerned letter={found} concern={whom} />}</Loaded>
            </Section>
            {found.stack === null ? null : (
              <Section title="Stack">
                <pre tabIndex={0} aria-label="Stack of the error">
                  {found.stack}
                </pre>
              </Section>
            )}
            <Section title="Audit">
              <AuditTable entries={found.audit} />
            </Section>
            <Section title="Record">
              <Headers letter={found} />
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  );
};

const LetterFacts = ({ letter }: { readonly letter: DeadLetterDetail }) => (
  <Facts
    of={[
      ['Status', <Badge word={letter.status} />],
      ['Class', letter.class],
      ['Owner', letter.owner ?? 'nobody'],
      ['Group', <a href={to('groups', letter.group)}>{letter.group}</a>],
      ['Fingerprint', <code>{letter.fingerprint}</code>],
      [
        'Event',
        letter.eventId === null || letter.stream === null ? (
          'none'
        ) : (
          <a href={to('streams', letter.stream)}>{letter.eventId}</a>
        ),
      ],
      ['Type', letter.type === null ? '–' : `${letter.type} version ${letter.schemaVersion ?? '?'}`],
      ['Waits since', <Ago at={letter.firstFailedAt} />],
      ['Failed last', <Time at={letter.lastFailedAt} />],
      ['Attempts', count(letter.attempts)],
      ['Events parked behind it', count(letter.parked)],
      ['In Kafka', `${letter.topic}/${letter.partition} at ${letter.offset}, key ${letter.key ?? '–'}`],
      [
        'What else followed',
        letter.correlationId === null ? '–' : <a href={chainOf(letter.correlationId, letter.position)}>its chain</a>,
      ],
    ]}
  />
);

const chainOf = (correlationId: string, position: number | null): string =>
  `${to('chains', correlationId)}${position === null ? '' : `?near=${position}`}`;

const Concerned = ({ letter, concern }: { readonly letter: DeadLetterDetail; readonly concern: Concern }) => {
  const { event, aggregate, aggregateId, rows, hasMoreRows } = concern;
  return (
    <>
      <p>
        {aggregateId === null ? 'The record holds no event of this store.' : `${aggregate ?? ''} ${aggregateId}. `}
        {rows.length === 0 ? null : (
          <>
            Stale rows:{' '}
            {rows.map((key, index) => (
              <span key={key}>
                {index > 0 ? ', ' : ''}
                <a href={to('explain', letter.group, key)}>{key}</a>
              </span>
            ))}
            {hasMoreRows ? ' and more.' : '.'}
          </>
        )}
      </p>
      {event === null ? null : (
        <>
          <h3>Payload</h3>
          <Json value={event.data} label="Payload of the event" />
        </>
      )}
    </>
  );
};

const Headers = ({ letter: { headers, value } }: { readonly letter: DeadLetterDetail }) => (
  <>
    <Table caption="Headers of the record" head={['Header', 'Value']}>
      {headers.map(({ name, value: text }, index) => (
        <tr key={`${index} ${name}`}>
          <th scope="row">{name}</th>
          <td class="long">{text}</td>
        </tr>
      ))}
    </Table>
    {value === null ? null : (
      <>
        <h3>Value</h3>
        <pre tabIndex={0} aria-label="Value of the record">
          {decoded(value)}
        </pre>
      </>
    )}
  </>
);

const decoded = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (each) => each.charCodeAt(0)));

const DONE: Readonly<Record<string, string>> = {
  assign: 'The owner is asked for',
  note: 'The note is sent',
  discard: 'It will be given up',
};

const Acts = ({ letter: { id, group, owner, status, parked, eventId } }: { readonly letter: DeadLetterDetail }) => {
  const isOver = status === 'redriven' || status === 'discarded';
  const act = async (action: string, body: unknown): Promise<string> => {
    await post(`${letterPath(id)}/${action}`, body);
    return `${DONE[action] ?? action}; the audit shows it once it is carried out.`;
  };
  return (
    <>
      <Action
        label="Assign"
        title={`Who looks after ${id}?`}
        effect={<p>So that nobody does the work twice.</p>}
        fields={[{ name: 'owner', label: 'Owner', value: owner ?? '' }]}
        run={({ owner: next }) => act('assign', { owner: next })}
      />
      <Action
        label="Note"
        title={`Add a note to ${id}`}
        effect={<p>It stays in the audit.</p>}
        fields={[{ name: 'note', label: 'Note' }]}
        run={({ note }) => act('note', { note })}
      />
      {isOver ? null : (
        <>
          {eventId === null ? null : <PlanRedrive group={group} letters={1} ids={[id]} />}
          <Action
            label="Discard"
            title={`Give up ${id}?`}
            isDestructive
            effect={
              <p>
                {eventId === null ? 'The record' : `${group} never applies ${eventId}`}
                {eventId === null ? ' is given up' : ''}; {count(parked)} events parked behind it are applied. It can't
                be taken back. The store keeps the event.
              </p>
            }
            fields={[{ name: 'reason', label: 'Reason, for the audit' }]}
            run={({ reason }) => act('discard', { reason })}
          />
        </>
      )}
    </>
  );
};
