/** What operators did, in the console or elsewhere. */
import { queryOf, type Items } from './api';
import { shown } from './format';
import { useTicks } from './live';
import { Badge, Empty, Loaded, Page, Table, Time, useFetched } from './parts';
import { to, type Place } from './router';

interface AuditedRequest {
  readonly id: number;
  readonly kind: string;
  readonly actor: string;
  readonly at: string;
  readonly body: Readonly<Record<string, unknown>> | string;
  readonly failure: string | null;
}

/** The list. */
export const AuditPage = ({ place: { query } }: { readonly place: Place }) => {
  const cursor = query.get('cursor') ?? undefined;
  const ticks = useTicks(3);
  const page = useFetched<Items<AuditedRequest>>(`/ops/audit${queryOf({ cursor })}`, cursor ?? ticks);
  return (
    <Page title="Audit" lead="What operators asked for, the newest first.">
      <Loaded from={page}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty>Nobody has asked for anything yet.</Empty>
          ) : (
            <>
              <Table caption="Requests of operators" head={['Request', 'When', 'Who', 'What', 'With', 'Failed']}>
                {items.map((each) => (
                  <tr key={each.id}>
                    <th scope="row">{each.id}</th>
                    <td>
                      <Time at={each.at} />
                    </td>
                    <td>{each.actor}</td>
                    <td>
                      <What request={each} />
                    </td>
                    <td class="long">{parametersOf(each)}</td>
                    <td class="long">
                      {each.failure === null ? (
                        'no'
                      ) : (
                        <>
                          <Badge word="failed" /> {each.failure}
                        </>
                      )}
                    </td>
                  </tr>
                ))}
              </Table>
              {nextCursor === undefined ? null : (
                <p>
                  <a href={`${to('audit')}${queryOf({ cursor: nextCursor })}`}>Earlier</a>
                </p>
              )}
            </>
          )
        }
      </Loaded>
    </Page>
  );
};

const What = ({ request: { id, kind } }: { readonly request: AuditedRequest }) => {
  if (kind === 'rebuild') return <a href={to('rebuilds', id)}>{kind}</a>;
  if (kind === 'redrive-plan') return <a href={to('redrives', id)}>{kind}</a>;
  return <>{kind}</>;
};

const parametersOf = ({ body }: AuditedRequest): string =>
  typeof body === 'string'
    ? body
    : Object.entries(body)
        .map(([name, value]) => `${name}: ${shown(value)}`)
        .join(', ');
