// What is drawn: a trie with the weights of one value, and with those of before where two recordings
// are compared.

import type { Frames } from './frames.ts';
import { mergeDown, mergeUp, outermost, type Source } from './merge.ts';
import { type Merged } from './grow.ts';
import { type Shape, type Weights, totals, weigh } from './trie.ts';

interface ValueType {
  type: string;
  unit: string;
}

export interface Profile {
  type: string;
  values: ValueType[];
  frames: Frames;
  shape: Shape; // as in the bundle: a node a line
  selves: Float64Array[];
  bases: Float64Array[]; // none: nothing is compared
}

interface Compared {
  self: Float64Array;
  total: Float64Array;
}

export interface Tree {
  shape: Shape;
  weights: Weights; // what widths are drawn from
  after: Compared;
  before: Compared | null;
}

export interface Choice {
  value: number; // row of values
  lines: boolean; // a node a line, not a function
  normalise: boolean; // what is compared sums up to the same
}

// What one value of a profile is merged from, to be kept while the choice stays.
export function makeSource(profile: Profile, choice: Choice): Source {
  const { frames, shape } = profile;
  const after = profile.selves[choice.value];
  const before = profile.bases[choice.value];
  const selves = [after];
  const sums = [totals(shape, after)];
  if (before) {
    const scaled = choice.normalise ? scale(before, sums[0][0], totals(shape, before)[0]) : before;
    selves.push(scaled);
    sums.push(totals(shape, scaled));
  }
  const key = choice.lines ? identity(frames.function.length) : frames.function;
  const keys = choice.lines ? frames.function.length : frames.strings.length;
  return { shape, key, keys, selves, totals: sums, order: larger(sums) };
}

function identity(count: number): Uint32Array {
  const key = new Uint32Array(count);
  for (let at = 0; at < count; ++at) key[at] = at;
  return key;
}

function scale(values: Float64Array, wanted: number, sum: number): Float64Array {
  if (!(sum > 0) || !(wanted > 0)) return values;
  return values.map((value) => (value * wanted) / sum);
}

function larger(columns: Float64Array[]): Float64Array {
  if (columns.length === 1) return columns[0];
  const [a, b] = columns;
  return a.map((value, row) => Math.max(value, b[row]));
}

function finish(merged: Merged): Tree {
  const { shape, selves } = merged;
  const compared = selves.map((self) => ({ self, total: totals(shape, self) }));
  // A box is as wide as the larger of the two, stack by stack: what is gone keeps its place.
  const widths = larger(selves).map((value) => Math.max(value, 0));
  return { shape, weights: weigh(shape, widths), after: compared[0], before: compared[1] ?? null };
}

export function wholeTree(source: Source): Tree {
  return finish(mergeDown(source, [0]));
}

export function calleesOf(source: Source, starts: Uint32Array): Tree {
  return finish(mergeDown(source, starts));
}

export function callersOf(source: Source, starts: Uint32Array): Tree {
  return finish(mergeUp(source, starts));
}

export { outermost };
