/** Key placement against what Kafka's own Java code computes. */
import * as assert from 'uvu/assert';
import { murmur2, partitionOf } from '../../../infra/kafka/murmur2';
import { spec } from '../../spec';

/** Key, org.apache.kafka.common.utils.Utils.murmur2 of its UTF-8 bytes, and toPositive of that modulo 4 and 12. */
const keys: ReadonlyArray<readonly [string, number, number, number]> = [
  ['', 275646681, 1, 9],
  ['a', -1563381124, 0, 4],
  ['ab', 316155434, 2, 2],
  ['abc', 479470107, 3, 3],
  ['abcd', -1323649548, 0, 8],
  ['abcde', 461995741, 1, 1],
  ['order-1', 1221710326, 2, 10],
  ['o1', -1005388381, 3, 7],
  ['o2', -1414428570, 2, 2],
  ['o3', -348840609, 3, 11],
  ['customer-42', -542987495, 1, 9],
  ['sku-7', 1912481612, 0, 8],
  ['payment-o1-1', 1981340650, 2, 10],
  ['00000000-0000-4000-8000-000000000000', -1337040123, 1, 5],
  ['e481f51cbdc54678b7cc49136f2d6af7', -1842080003, 1, 9],
  ['53cdb2fc8bc7dce0b6741e2150273451', 799057170, 2, 6],
  ['Größe', -255045697, 3, 7],
  ['東京', -1368386005, 3, 7],
  ['\u{1F680} rocket', -1710445744, 0, 4],
  ['\u0000', 375494588, 0, 8],
  ['\u007f\u0080\u00ff', -1995144424, 0, 4],
  ['The quick brown fox jumps over the lazy dog', 495243318, 2, 6],
  ['x'.repeat(257), -939133454, 2, 6],
];

/** Bytes that are no text, in hexadecimal, and their murmur2. */
const bytes: ReadonlyArray<readonly [string, number]> = [
  ['99', 1288378381],
  ['183477a3', -1691559809],
  ['5a94c9bf390b77', 1776945588],
  ['09d32a595d4a987d41f4', -336265325],
  ['92471abe05194bb55dcab39100', -1010386779],
  ['a147e1f3e98ee81edf7fae40bfe793d9', 292096054],
  ['fced52b202e34d15e5c4caaf166fc2edcea4fb', 1048097357],
  ['65e240a4e944b31d0705e6c8b71cf8bdfc97c6966930', -866394273],
  ['2edd1479f1953297e1c82141a6a46d99364cf461b317c99fee', -2008248892],
  ['a74b029f8f814e38d93995b694aa2150847891d75da8ddddc46434af', -831742749],
  ['eb50781ae04364f9b3a3f3707eab79470ba3c885b66c499800da641a22a420', -273467458],
  ['9989ec985901e416c9c38fbf7ae22a00a4174c64b5144dc69831c2d5e9f8c7dcb1c3', -922434712],
];

spec('murmur2', ({ test }) => {
  test('hashes texts as the Java client does, and places them in its partitions', () => {
    for (const [key, hash, ofFour, ofTwelve] of keys) {
      assert.equal(
        [murmur2(Buffer.from(key)), partitionOf(key, 4), partitionOf(key, 12)],
        [hash, ofFour, ofTwelve],
        key,
      );
    }
  });

  test('hashes bytes with the highest bit set as the Java client does, whose bytes are signed', () => {
    for (const [hexadecimal, hash] of bytes) assert.is(murmur2(Buffer.from(hexadecimal, 'hex')), hash, hexadecimal);
  });
});
