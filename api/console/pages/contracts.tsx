/** The contracts: every event with its versions, and who reads it. */
import { path, type Items } from './api';
import { Loaded, Page, Section, Table, useFetched } from './parts';
import { to } from './router';

interface Contract {
  readonly type: string;
  readonly schemaVersion: number;
  readonly meaning: string;
  readonly owner: string;
  readonly aggregate: string;
  readonly topic: string;
  readonly partitions: number;
  readonly key: string;
  readonly versions: ReadonlyArray<{
    readonly type: string;
    readonly schemaVersion: number;
    readonly since: string;
    readonly deprecated: string | null;
  }>;
  readonly readers: ReadonlyArray<{ readonly kind: 'projection' | 'process' | 'effect'; readonly name: string }>;
}

/** The list, by topic. */
export const ContractsPage = () => {
  const contracts = useFetched<Items<Contract>>('/ops/contracts');
  return (
    <Page
      title="Contracts"
      lead={
        <>
          What others may rely on. As a document: <a href="/asyncapi.json">AsyncAPI</a>.
        </>
      }
    >
      <Loaded from={contracts}>
        {({ items }) =>
          [...new Set(items.map(({ topic }) => topic))].map((topic) => (
            <Topic key={topic} topic={topic} contracts={items.filter((each) => each.topic === topic)} />
          ))
        }
      </Loaded>
    </Page>
  );
};

const Topic = ({ topic, contracts }: { readonly topic: string; readonly contracts: ReadonlyArray<Contract> }) => (
  <Section title={`Topic ${topic}`}>
    <p>
      {contracts[0]?.partitions} partitions, ordered by {contracts[0]?.key}
    </p>
    <Table caption={`Events of ${topic}`} head={['Event', 'Meaning', 'Versions', 'Read by', 'Owner']}>
      {contracts.map((each) => (
        <tr key={each.type} id={each.type}>
          <th scope="row">{each.type}</th>
          <td class="long">{each.meaning}</td>
          <td>
            {each.versions.map(({ type, schemaVersion, since, deprecated }) => (
              <div key={`${type} ${schemaVersion}`}>
                <a
                  href={path('schemas', type, schemaVersion)}
                >{`${type === each.type ? '' : `${type} `}${schemaVersion}`}</a>{' '}
                since {since}
                {deprecated === null ? '' : `, deprecated ${deprecated}`}
              </div>
            ))}
          </td>
          <td>
            {each.readers.length === 0
              ? 'nobody here'
              : each.readers.map(({ name }) => (
                  <div key={name}>
                    <a href={to('groups', name)}>{name}</a>
                  </div>
                ))}
          </td>
          <td>{each.owner}</td>
        </tr>
      ))}
    </Table>
  </Section>
);
