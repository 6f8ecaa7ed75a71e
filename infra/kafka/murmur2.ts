/**
 * Kafka's own placement of keys: murmur2 over the key's bytes, positive, modulo the partition count. The same as the Java
 * clients' default and librdkafka's `murmur2_random`, so that every client in the world finds a key where we put it.
 */
const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const SHIFT = 24;

/** Murmur2 (32 bits, signed) with Kafka's seed, as in org.apache.kafka.common.utils.Utils.murmur2. */
export const murmur2 = (bytes: Uint8Array): number => {
  const { length } = bytes;
  let hash = SEED ^ length;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    let word = byte(bytes, index) | (byte(bytes, index + 1) << 8);
    word |= (byte(bytes, index + 2) << 16) | (byte(bytes, index + 3) << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> SHIFT;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  const rest = length - index;
  if (rest >= 3) hash ^= byte(bytes, index + 2) << 16;
  if (rest >= 2) hash ^= byte(bytes, index + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ byte(bytes, index), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
};

const byte = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

const encoder = new TextEncoder();

/** Keys are short: one buffer for all of them costs less than one each. */
const shared = new Uint8Array(1_024);

const bytesOf = (key: string): Uint8Array => {
  // At most three bytes a character.
  if (key.length * 3 > shared.length) return encoder.encode(key);
  return shared.subarray(0, encoder.encodeInto(key, shared).written);
};

/** The partition of a key in a topic with so many partitions. */
export const partitionOf = (key: string, partitions: number): number =>
  (murmur2(bytesOf(key)) & 0x7fffffff) % partitions;
