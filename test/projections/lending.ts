/** Random histories of the lending library, and the rows that its views must have, computed by plain code in the store's order. */
import fc from 'fast-check';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { storedOf, type Told } from './views-fixture';

const at = (day: number): string => `2026-01-${String(day + 1).padStart(2, '0')}T10:00:00Z`;

export const lent = (loanId: string, memberId: string, day = 0): Told => [
  `loan-${loanId}`,
  'BookLent',
  { loanId, memberId, lentAt: at(day) },
];
export const reminded = (loanId: string, memberId: string, day = 20): Told => [
  `loan-${loanId}`,
  'MemberReminded',
  { loanId, memberId, remindedAt: at(day) },
];
export const returned = (loanId: string, memberId: string, day = 25): Told => [
  `loan-${loanId}`,
  'BookReturned',
  { loanId, memberId, returnedAt: at(day) },
];
export const registered = (memberId: string, name: string): Told => [
  `member-${memberId}`,
  'MemberRegistered',
  { memberId, name, registeredAt: at(0) },
];
export const renamed = (memberId: string, name: string): Told => [
  `member-${memberId}`,
  'MemberRenamed',
  { memberId, name, renamedAt: at(1) },
];
export const left = (memberId: string): Told => [`member-${memberId}`, 'MemberLeft', { memberId, leftAt: at(2) }];

const memberIds = ['m1', 'm2', 'm3'] as const;

const members = memberIds.map((memberId) =>
  fc
    .array(fc.constantFrom('Ada', 'Grace', 'Mary', ''), { maxLength: 5 })
    .map((names): ReadonlyArray<Told> =>
      names.map((name, index) =>
        name === '' ? left(memberId) : index === 0 ? registered(memberId, name) : renamed(memberId, name),
      ),
    ),
);

const loans = ['l1', 'l2', 'l3', 'l4', 'l5'].map((loanId) =>
  fc
    .tuple(fc.constantFrom(...memberIds), fc.nat(9), fc.nat(4))
    .map(([memberId, day, length]): ReadonlyArray<Told> =>
      [
        lent(loanId, memberId, day),
        reminded(loanId, memberId),
        returned(loanId, memberId),
        lent(loanId, memberId, day + 1),
      ].slice(0, length),
    ),
);

/** Streams whose events are shuffled into one store, each stream in its own order. */
export const lendingHistories: fc.Arbitrary<ReadonlyArray<StoredEvent>> = fc
  .tuple(fc.tuple(...members, ...loans), fc.infiniteStream(fc.nat()))
  .map(([streams, choices]) => storedOf(shuffled(streams, (below) => Number(choices.next().value) % below)));

/** Lists merged into one, each in its own order. */
export const shuffled = <Item>(
  lists: ReadonlyArray<ReadonlyArray<Item>>,
  choose: (below: number) => number,
): ReadonlyArray<Item> => {
  const rest = lists.map((list) => [...list]).filter(({ length }) => length > 0);
  const merged: Item[] = [];
  while (rest.length > 0) {
    const index = choose(rest.length);
    merged.push(...(rest[index]?.splice(0, 1) ?? []));
    if (rest[index]?.length === 0) rest.splice(index, 1);
  }
  return merged;
};

interface Fact {
  readonly loanId: string;
  readonly memberId: string;
  readonly name: string;
  readonly lentAt: string;
  readonly returnedAt: string;
}

const byText = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : 1;

/** The rows of `loan-list` in key order. */
export const expectedLoans = (events: ReadonlyArray<StoredEvent>): ReadonlyArray<object> => {
  const names = new Map<string, string>();
  const rows = new Map<string, { loanId: string; memberId: string; lentAt: string; returnedAt: string | null }>();
  for (const { type, payload } of events) {
    const { loanId, memberId, name, lentAt, returnedAt } = JSON.parse(payload) as Fact;
    const row = rows.get(loanId) ?? { loanId, memberId: '', lentAt: '', returnedAt: null };
    if (type === 'BookLent') rows.set(loanId, { ...row, memberId, lentAt });
    if (type === 'BookReturned') rows.set(loanId, { ...row, returnedAt });
    if (type === 'MemberLeft') names.delete(memberId);
    if (type === 'MemberRegistered' || type === 'MemberRenamed') names.set(memberId, name);
  }
  return [...rows].sort(byText).map(([, { loanId, memberId, lentAt, returnedAt }]) => ({
    loanId,
    memberId,
    memberName: names.get(memberId) ?? null,
    lentAt,
    returnedAt,
  }));
};

/** The rows of `due-dates` in key order. */
export const expectedDueDates = (events: ReadonlyArray<StoredEvent>): ReadonlyArray<object> => {
  const rows = new Map<string, object>();
  const due = (lentAt: string, days: number): string => new Date(Date.parse(lentAt) + days * 86_400_000).toISOString();
  for (const { type, payload } of events) {
    const { loanId, memberId, lentAt } = JSON.parse(payload) as Fact;
    if (type === 'BookLent') {
      rows.set(`${loanId}:reminder`, { loanId, kind: 'reminder', memberId, dueAt: due(lentAt, 14) });
      rows.set(`${loanId}:return`, { loanId, kind: 'return', memberId, dueAt: due(lentAt, 28) });
    }
    if (type === 'MemberReminded' || type === 'BookReturned') rows.delete(`${loanId}:reminder`);
    if (type === 'BookReturned') rows.delete(`${loanId}:return`);
  }
  return [...rows].sort(byText).map(([, row]) => row);
};
