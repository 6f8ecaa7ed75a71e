/** Rebuilds, in the main thread: from an operator's request to the swap of generations; also moves of offsets. */
export { rebuildQueue } from './queue';
