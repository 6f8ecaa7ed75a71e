/** Faults of the engine's environment, or the loss of its lease: never the fault of the event that is being handled. */

/** Base of all such errors: an intake that catches one rolls back its batch and blames no event. */
export class EngineFault extends Error {
  override readonly name: string = 'EngineFault';
}

/** Another process now owns what this one wants to write, so this one can't continue. */
export class TakenOver extends EngineFault {
  override readonly name: string = 'TakenOver';
}
