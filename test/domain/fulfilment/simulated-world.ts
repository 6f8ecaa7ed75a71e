/**
 * Real aggregates and the real process manager in memory, with the faults that happen between them in practice:
 * events of different streams in any order, commands in any order, a crash between a command and the recording of its outcome,
 * everything delivered again, and a reactor that restarts without its state.
 */
import * as E from 'fp-ts/Either';
import { application } from '../../../projections/fulfilment/application';
import { fulfilment } from '../../../domain/fulfilment/fulfilment';
import type { FulfilmentState } from '../../../domain/fulfilment/facts';
import type { Aggregate, Fold } from '../../../domain/kernel/aggregate';
import type { Decision } from '../../../domain/kernel/decider';
import type { DomainEvent } from '../../../domain/kernel/event-definition';
import type { CommandOutcome, ProcessCommand, ProcessInput } from '../../../domain/kernel/process-manager';
import { streamName, type RecordedEvent } from '../../../domain/kernel/recorded-event';
import { decideOn } from '../../../projections/testing/test-aggregate';
import { recorded } from './process-inputs';

const { catalog } = application;

interface Stream {
  readonly aggregate: Aggregate;
  readonly fold: Fold;
  readonly events: ReadonlyArray<RecordedEvent>;
}

interface Reactor {
  readonly states: Map<string, FulfilmentState>;
  readonly issued: Set<string>;
  readonly pending: { readonly instance: string; readonly command: ProcessCommand }[];
  /** How many events of each stream were delivered. */
  readonly cursors: Map<string, number>;
}

const newReactor = (): Reactor => ({ states: new Map(), issued: new Set(), pending: [], cursors: new Map() });

/** A simulated system. `picks` choose among the possible steps, so that a run can be repeated. */
export class SimulatedWorld {
  private readonly streams = new Map<string, Stream>();
  private readonly answers = new Map<string, CommandOutcome>();
  private reactor = newReactor();
  /** How often each command of the process took effect. */
  readonly effects = new Map<string, number>();
  /** Commands of the process by type and result, to check that the runs differ. */
  readonly answered = new Set<string>();

  /** @param remembersAnswers whether the API remembers the response to a repeated request, or decides it again */
  constructor(private readonly remembersAnswers: boolean) {}

  /** A client sends a command. */
  send(category: string, id: string, type: string, body: unknown): Decision<DomainEvent> {
    const aggregate = catalog.byCategory(category);
    if (aggregate === undefined) throw new Error(`no aggregate has the category '${category}'`);
    const name = streamName(category, id);
    const stream = this.streams.get(name) ?? { aggregate, fold: aggregate.emptyFold, events: [] };
    const decision = decideOn(stream.fold, aggregate, { type, id, body });
    if (E.isRight(decision) && decision.right.length > 0)
      this.streams.set(name, appended(name, stream, decision.right));
    return decision;
  }

  /** Delivers the next event of some stream; false where everything is delivered. */
  deliver(pick: number): boolean {
    const { cursors } = this.reactor;
    const open = [...this.streams].filter(([name, { events }]) => (cursors.get(name) ?? 0) < events.length);
    const [name, stream] = open[pick % Math.max(open.length, 1)] ?? [];
    if (name === undefined || stream === undefined) return false;
    const cursor = cursors.get(name) ?? 0;
    const event = stream.events[cursor];
    cursors.set(name, cursor + 1);
    const instance = event === undefined ? undefined : fulfilment.instanceOf(event);
    if (event !== undefined && instance !== undefined) this.learn(instance, { _tag: 'Event', event });
    return true;
  }

  /** Executes some pending command; false where there is none. After a crash the outcome is unknown and the command pending. */
  perform(pick: number, crashes: boolean): boolean {
    const { pending } = this.reactor;
    const index = pick % Math.max(pending.length, 1);
    const next = pending[index];
    if (next === undefined) return false;
    const { instance, command } = next;
    const outcome = (this.remembersAnswers ? this.answers.get(command.id) : undefined) ?? this.carryOut(command);
    this.answers.set(command.id, outcome);
    if (crashes) return true;
    pending.splice(index, 1);
    this.learn(instance, { _tag: 'Outcome', outcome });
    return true;
  }

  /** Delivers every event again to a reactor that has its state. */
  redeliverEverything(): void {
    this.reactor.cursors.clear();
  }

  /** Restarts the reactor without its state. */
  forgetEverything(): void {
    this.reactor = newReactor();
  }

  /** Runs every step that is still possible. */
  settle(picks: ReadonlyArray<number>): void {
    for (let turn = 0; turn < 10_000; turn += 1) {
      const pick = picks[turn % picks.length] ?? 0;
      const [first, second] = pick % 2 === 0 ? ['deliver', 'perform'] : ['perform', 'deliver'];
      if (!this.act(first, pick) && !this.act(second, pick)) return;
    }
    throw new Error('the world never comes to rest');
  }

  /** The state of an aggregate; the caller knows of which type. */
  stateOf(category: string, id: string): unknown {
    return this.streams.get(streamName(category, id))?.fold.state ?? catalog.byCategory(category)?.emptyFold.state;
  }

  private act(what: string | undefined, pick: number): boolean {
    return what === 'deliver' ? this.deliver(pick) : this.perform(pick, false);
  }

  private carryOut(command: ProcessCommand): CommandOutcome {
    const decision = this.send(command.category, command.aggregateId, command.type, command.data);
    this.answered.add(`${command.type} ${E.isLeft(decision) ? decision.left.type : 'accepted'}`);
    if (E.isLeft(decision)) {
      const { type: rejectionType, message } = decision.left;
      return { _tag: 'Rejected', command, rejectionType, message };
    }
    if (decision.right.length > 0) this.effects.set(command.id, (this.effects.get(command.id) ?? 0) + 1);
    return { _tag: 'Accepted', command };
  }

  private learn(instance: string, input: ProcessInput): void {
    const step = fulfilment.step(this.reactor.states.get(instance) ?? fulfilment.initialState, input);
    this.reactor.states.set(instance, step.state);
    for (const command of step.commands) {
      if (this.reactor.issued.has(command.id)) throw new Error(`${command.id} was issued twice`);
      this.reactor.issued.add(command.id);
      this.reactor.pending.push({ instance, command });
    }
  }
}

const appended = (name: string, stream: Stream, events: ReadonlyArray<DomainEvent>): Stream => ({
  ...stream,
  fold: events.reduce((fold, event) => fold.apply(event), stream.fold),
  events: [...stream.events, ...events.map((event, index) => recorded(name, stream.events.length + index + 1, event))],
});
