/** What was done to one thing, oldest first. */
import { Empty, Table, Time } from './parts';

interface AuditEntry {
  readonly action: string;
  readonly actor: string;
  readonly detail: string;
  readonly at: string;
}

export const AuditTable = ({ entries }: { readonly entries: ReadonlyArray<AuditEntry> }) =>
  entries.length === 0 ? (
    <Empty>Nobody has done anything yet.</Empty>
  ) : (
    <Table caption="Audit" head={['When', 'Who', 'What', 'Detail']}>
      {entries.map((each) => (
        <tr key={`${each.at} ${each.action} ${each.detail}`}>
          <td>
            <Time at={each.at} />
          </td>
          <td>{each.actor}</td>
          <td>{each.action}</td>
          <td class="long">{each.detail}</td>
        </tr>
      ))}
    </Table>
  );
