// What each function (or line) weighs: by itself, and with all that it called.

import type { Shape } from './trie.ts';

export interface Tally {
  key: Uint32Array; // those that occur
  flat: Float64Array;
  cum: Float64Array;
}

// `key` gives each frame's bin; bin 0 is kept too, it may be a function nobody knows. A bin that
// calls itself, directly or not, counts a stack once.
export function tally(shape: Shape, key: Uint32Array, keys: number, self: Float64Array, total: Float64Array): Tally {
  const { count, depth, frame } = shape;
  const flat = new Float64Array(keys);
  const cum = new Float64Array(keys);
  const seen = new Uint8Array(keys);
  const open = new Uint32Array(keys); // how many nodes of this bin are on the path
  const onPath = new Uint32Array(shape.deepest + 1);
  let level = 0;
  for (let row = 1; row < count; ++row) {
    for (; level >= depth[row]; --level) --open[onPath[level]];
    const bin = key[frame[row]];
    level = depth[row];
    onPath[level] = bin;
    seen[bin] = 1;
    flat[bin] += self[row];
    if (open[bin]++ === 0) cum[bin] += total[row];
  }
  const found: number[] = [];
  for (let bin = 0; bin < keys; ++bin) if (seen[bin]) found.push(bin);
  const occurring = Uint32Array.from(found);
  return {
    key: occurring,
    flat: Float64Array.from(occurring, (bin) => flat[bin]),
    cum: Float64Array.from(occurring, (bin) => cum[bin]),
  };
}
