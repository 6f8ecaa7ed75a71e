/** Rebuilds, in the main thread: one rebuild from an operator's request to the swap of generations, and moves of offsets. */
export { rebuildQueue } from './queue';
