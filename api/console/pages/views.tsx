/** The rows of a view, as applications get them; each leads to its explanation. */
import type { ViewDescription, ViewRow } from '../../../projections/view-reader';
import { path, queryOf, type Items } from './api';
import { shown } from './format';
import { Badge, Empty, Loaded, Page, Table, useFetched } from './parts';
import { to, type Place } from './router';

/** One page of rows. */
export const ViewPage = ({ name, place: { query } }: { readonly name: string; readonly place: Place }) => {
  const [view = name] = name.split('@');
  const described = useFetched<Items<ViewDescription>>('/views').value?.items.find((each) => each.name === view);
  const rows = useFetched<Items<ViewRow>>(
    `${path('views', name)}${queryOf({ limit: 50, cursor: query.get('cursor') ?? undefined })}`,
  );
  return (
    <Page title={`Rows of ${name}`} lead={described?.meaning}>
      {described === undefined ? (
        <Empty>Reading …</Empty>
      ) : (
        <Loaded from={rows}>
          {({ items, nextCursor }) => (
            <>
              <Rows view={described} rows={items} />
              {nextCursor === undefined ? null : (
                <p>
                  <a href={`${to('views', name)}${queryOf({ cursor: nextCursor })}`}>More rows</a>
                </p>
              )}
            </>
          )}
        </Loaded>
      )}
    </Page>
  );
};

const Rows = ({ view, rows }: { readonly view: ViewDescription; readonly rows: ReadonlyArray<ViewRow> }) => {
  if (rows.length === 0) return <Empty>There are no rows.</Empty>;
  const others = view.columns.filter(({ name, type }) => type !== 'json' && !view.key.includes(name));
  return (
    <Table caption={`Rows of ${view.name}`} head={['Row', ...others.map(({ name }) => name), 'Fresh']}>
      {rows.map((row) => {
        const key = view.key.map((column) => shown(row[column])).join(':');
        return (
          <tr key={key}>
            <th scope="row">
              <a href={to('explain', view.name, key)}>{key}</a>
            </th>
            {others.map(({ name }) => (
              <td key={name}>{row[name] === null ? '–' : shown(row[name])}</td>
            ))}
            <td>{row['stale'] === true ? <Badge word="waiting" /> : 'yes'}</td>
          </tr>
        );
      })}
    </Table>
  );
};
