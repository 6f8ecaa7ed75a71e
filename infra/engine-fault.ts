/** Faults of the engine's surroundings or of its right to go on: never the fault of the event that was being handled. */

/** Base of all such errors: an intake that meets one rolls its batch back and blames no event. */
export class EngineFault extends Error {
  override readonly name: string = 'EngineFault';
}

/** Another process owns by now what this one still wants to write: it can't go on here, whatever is tried. */
export class TakenOver extends EngineFault {
  override readonly name: string = 'TakenOver';
}
