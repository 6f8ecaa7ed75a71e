/** Runs a group by a schedule on a shared topic: from its first instance to the fixed release, the last redrive, and the checks. */
import * as assert from 'uvu/assert';
import { aggregateIdOf, type RecordedEvent, type StoredEvent } from '../../../../domain/kernel/recorded-event';
import type { OperationRequest } from '../../../../infra/commands/operation-requests';
import { copyToTopics } from '../../../../infra/dead-letters/topic/publish';
import { type DeadLetter } from '../../../../infra/dead-letters/query/dead-letters-reader';
import { deadLetterReader } from '../../../../infra/sqlite/consumer-file/dead-letters-reader';
import { partitionOf } from '../../../../infra/kafka/murmur2';
import { silentLogger } from '../../../../infra/logger';
import { staleRowsOf } from '../../../../projections/engine/tables/stale-rows';
import { storedNotes } from '../notes';
import { STREAMS, type Step, type Schedule } from './schedule';
import { hasReadAll } from './group-instance';
import type { SharedTopic, TopicRecord, PerPartition } from './shared-topic';
import { leapClock } from './leap-clock';
import { readDiary, expectedRows, GROUP, rowsIn, noteEvent } from './notes-projection';
import { groupInstances, type GroupInstances } from './owner-and-zombie';
import type { CrashPoint } from './views-process';

const NOISE = Buffer.from([0xff, 0x00, 0x7b]);
const MAX_STEPS = 1_000;
const ALL: PerPartition = [1_000, 1_000];

/** A stream of the given partition, so that a run is the same whatever its name. */
const streamIn = (partition: number, stream: string): string =>
  partitionOf(aggregateIdOf(stream), 2) === partition ? stream : streamIn(partition, `${stream}x`);

/** One run of a schedule. */
export class ScheduleRun {
  /** The kinds of things that have happened in it. */
  readonly seen = new Set<string>();
  private readonly stored: ReadonlyArray<StoredEvent>;
  private readonly unsent: StoredEvent[];
  private readonly published: TopicRecord[] = [];
  private readonly requests: OperationRequest[] = [];
  private readonly outagesLeft: Map<string, number>;
  private readonly clock = leapClock();
  private readonly group: GroupInstances;

  /** @param name unique among the runs on the shared topic */
  constructor(
    private readonly sharedTopic: SharedTopic,
    file: string,
    private readonly name: string,
    { events, outages }: Schedule,
  ) {
    const streams = Array.from({ length: STREAMS }, (_, index) => streamIn(index % 2, `note-${name}-${index}`));
    this.stored = storedNotes(events.map(([stream, fault], index) => noteEvent(streams[stream] ?? '', fault, index)));
    this.unsent = [...this.stored];
    this.outagesLeft = new Map(this.stored.map(({ id }, index) => [id, outages[index % outages.length] ?? 0]));
    this.group = groupInstances({
      sharedTopic,
      file,
      stored: this.stored,
      requests: this.requests,
      clock: this.clock,
      isAway: (event) => this.isAway(event),
      onSeen: (what) => this.seen.add(what),
    });
  }

  /** Runs all steps and checks the result; returns the dead letters, whose copies the dead-letter topic must have. */
  async run(steps: ReadonlyArray<Step>): Promise<ReadonlyArray<string>> {
    try {
      await this.group.begin();
      for (const step of steps) {
        await this.perform(step);
        await this.group.replaceEnded();
        this.checkStaleness();
      }
      await this.settle();
      return await this.check();
    } finally {
      await this.group.end();
    }
  }

  private isAway({ id }: RecordedEvent): boolean {
    const left = this.outagesLeft.get(id) ?? 0;
    this.outagesLeft.set(id, left - 1);
    return left > 0;
  }

  // -----------------------------------------------------------------------------------
  // Steps
  // -----------------------------------------------------------------------------------

  private async perform(step: Step): Promise<void> {
    switch (step.does) {
      case 'publish':
        return this.publish(step);
      case 'deliver':
        return (step.to === 'owner' ? this.group.owner() : this.group.zombie())?.take(step.batches, step.crash);
      case 'wait':
        this.clock.leap(step.ms);
        return this.group.owner().take([[0, 0]], null);
      case 'find the file busy':
        this.group.owner().process.busyFor(step.batches);
        return this.group.owner().take([[3, 3]], null);
      case 'lose the connection':
        return this.group.owner().loseConnection();
      case 'take over':
        return this.group.takeOver(step.by, step.release);
      case 'restart':
        return this.group.restart(step.how, step.release);
      case 'plan a redrive':
        this.planRedrive();
        return;
      case 'redrive':
        return this.redrive(step.crash);
      case 'copy dead letters':
        return this.copyDeadLetters();
    }
  }

  private async publish({ events, again, noise }: Extract<Step, { readonly does: 'publish' }>): Promise<void> {
    const fresh = this.unsent.splice(0, events).map(this.sharedTopic.recordOf);
    if (noise) fresh.push({ partition: events % 2, key: `${this.name}-noise`, value: NOISE, headers: [] });
    const known = [...this.published, ...fresh];
    const records = [...fresh, ...again.flatMap((index) => known[index % Math.max(1, known.length)] ?? [])];
    this.published.push(...records);
    await this.sharedTopic.publish(records);
  }

  private planRedrive(): void {
    const { letters, preview } = deadLetterReader(this.group.owner().process.database).select(GROUP, {});
    const redrive = this.ask('redrive-plan', { group: GROUP, letters, ratePerSecond: 1_000, preview });
    this.ask('redrive-run', { group: GROUP, redrive });
  }

  private ask(kind: OperationRequest['kind'], body: object): number {
    const id = this.requests.length + 1;
    const requestedAt = '2026-01-01T00:00:00.000Z';
    this.requests.push({ id, kind, body: JSON.stringify(body), requestedAt, actor: 'ada' });
    return id;
  }

  /** Returns whether there was anything to do. */
  private async redrive(crash: CrashPoint | null): Promise<void> {
    await this.group.owner().process.client.takeFailureRequests({});
    try {
      const { events = 0 } = await this.group.owner().redrive(crash);
      if (events > 0) this.seen.add('redriven');
      if (!this.group.owner().process.isAlive()) this.seen.add(`killed ${crash}`);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TransientEventError') throw error;
      this.seen.add('away in a redrive');
    }
  }

  private async copyDeadLetters(): Promise<void> {
    const { client } = this.group.owner().process;
    await copyToTopics({
      calls: {
        copiesWaiting: (group, limit) => client.copiesWaiting({ group, limit }),
        copiesDone: (seqs) => client.copiesDone({ seqs }),
        noteCopying: (group, attempt) => client.noteCopying({ group, attempt }),
      },
      groups: [GROUP],
      log: this.sharedTopic.log,
      topicPrefix: this.sharedTopic.topicPrefix,
      clock: this.clock,
      logger: silentLogger,
    });
  }

  /** Checks that rows with parked events are marked as stale. */
  private checkStaleness(): void {
    const { database, projection } = this.group.owner().process;
    const waiting = database
      .prepare<[], string>('SELECT DISTINCT "key" FROM quarantined_keys')
      .pluck()
      .all()
      .map((note) => ({ note }));
    const { name, version, meaning } = projection;
    const view = { name, version, meaning, key: ['note'], columns: [], indexes: [], topics: [] };
    for (const row of staleRowsOf(database).markStale(view, waiting))
      assert.is(row['stale'], true, `${String(row['note'])} is stale`);
  }

  // -----------------------------------------------------------------------------------
  // The end
  // -----------------------------------------------------------------------------------

  /** Releases the fix, delivers all events, and redrives all dead letters. */
  private async settle(): Promise<void> {
    await this.group.restart('in order', 'new');
    this.outagesLeft.clear();
    while (this.unsent.length > 0) await this.publish({ does: 'publish', events: 6, again: [], noise: false });
    await this.group.zombie()?.take([ALL], null);
    await this.group.replaceEnded();
    await this.group.owner().take([ALL], null);
    this.planRedrive();
    for (let steps = 0; (await this.step()) !== undefined; steps += 1) {
      if (steps > MAX_STEPS) throw new Error('the redrive does not end');
    }
    for (const { eventId, id } of this.letters()) {
      if (eventId !== null) continue;
      this.ask('dead-letter-discard', { group: GROUP, letter: Number(id.split(':')[1]), reason: 'no event' });
    }
    await this.group.owner().process.client.takeFailureRequests({});
    await this.copyDeadLetters();
  }

  private async step(): Promise<number | undefined> {
    await this.group.owner().process.client.takeFailureRequests({});
    return (await this.group.owner().redrive(null)).events;
  }

  /** Checks rows, order and dead letters; returns the copies that the dead-letter topic must have. */
  private async check(): Promise<ReadonlyArray<string>> {
    const { database } = this.group.owner().process;
    assert.is(await hasReadAll(this.sharedTopic, this.group.owner().process), true, 'all is read');
    assert.equal(rowsIn(database), expectedRows(this.stored), 'the rows are those of a run without failures');
    const diary = readDiary(database);
    for (const stream of new Set(this.stored.map((event) => event.stream))) {
      const inOrder = this.stored.filter((event) => event.stream === stream).map(({ id }) => id);
      assert.equal(
        diary.filter((id) => id.startsWith(`${stream}@`)),
        inOrder,
        `${stream} has seen its events in order, each once`,
      );
    }
    for (const table of ['parked_events', 'quarantined_keys', 'stale_rows', 'dead_letter_outbox']) {
      assert.equal(database.prepare(`SELECT * FROM ${table}`).all(), [], `${table} is empty`);
    }
    const letters = this.letters();
    const noEvents = letters.filter(({ eventId }) => eventId === null);
    assert.is(noEvents.length, this.published.filter(({ value }) => value === NOISE).length);
    for (const { status, eventId, id } of letters) assert.is(status, eventId === null ? 'discarded' : 'redriven', id);
    return letters.map(({ key, partition, offset }) => `${key}/${partition}/${offset}`);
  }

  private letters(): ReadonlyArray<DeadLetter> {
    return deadLetterReader(this.group.owner().process.database).list({}, { limit: 1_000 });
  }
}
