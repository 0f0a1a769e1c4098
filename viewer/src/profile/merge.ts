// New tries from one: siblings of one function folded into one node (the bundle has a node per
// line), or all that a function calls below it, or all that call it above it.
//
// Depth first over groups of the source's nodes. The group to which a child belongs is found by a
// stamp and not by hashing: one entry a function, valid for the group that is being split.

import { GrowingTrie, type Merged } from './grow.ts';
import type { Shape } from './trie.ts';

export interface Source {
  shape: Shape;
  key: Uint32Array; // by frame: nodes with one key become one, if they are siblings
  keys: number; // all are below
  selves: Float64Array[];
  totals: Float64Array[]; // of the selves
  order: Float64Array; // the heaviest child comes first, by this total
}

const kEnd = 0xffffffff;

// Splits one group into children, then hands them out heaviest first. Written for millions of calls:
// nothing is allocated but where a group is larger than any before.
class Split {
  readonly next: Uint32Array; // by member: the one after it in its group
  private count = 0;
  private head = new Uint32Array(64);
  private tail = new Uint32Array(64);
  private weight = new Float64Array(64);
  private readonly stamp: Uint32Array;
  private readonly slot: Uint32Array;
  private serial = 0;

  constructor(members: number, keys: number) {
    this.next = new Uint32Array(members);
    this.stamp = new Uint32Array(keys);
    this.slot = new Uint32Array(keys);
  }

  begin(): void {
    ++this.serial;
    this.count = 0;
  }

  add(member: number, key: number, weight: number): void {
    this.next[member] = kEnd;
    if (this.stamp[key] === this.serial) {
      const slot = this.slot[key];
      this.next[this.tail[slot]] = member;
      this.tail[slot] = member;
      this.weight[slot] += weight;
      return;
    }
    const slot = this.count++;
    if (slot === this.head.length) this.grow();
    this.stamp[key] = this.serial;
    this.slot[key] = slot;
    this.head[slot] = this.tail[slot] = member;
    this.weight[slot] = weight;
  }

  // Lightest first: what is pushed last is taken first.
  push(onto: Stack, depth: number): void {
    const { head, weight, count } = this;
    if (count > 16) {
      const order = Array.from({ length: count }, (_, slot) => slot);
      order.sort((a, b) => weight[a] - weight[b] || b - a);
      for (const slot of order) onto.push(head[slot], depth);
      return;
    }
    // A few: each time the lightest that is left. What weighs the same keeps its order.
    for (let left = count; left > 0; --left) {
      let lightest = 0;
      for (let slot = 1; slot < left; ++slot) if (weight[slot] <= weight[lightest]) lightest = slot;
      onto.push(head[lightest], depth);
      for (let slot = lightest + 1; slot < left; ++slot) {
        head[slot - 1] = head[slot];
        weight[slot - 1] = weight[slot];
      }
    }
  }

  private grow(): void {
    const room = this.head.length * 2;
    const head = new Uint32Array(room);
    head.set(this.head);
    this.head = head;
    const tail = new Uint32Array(room);
    tail.set(this.tail);
    this.tail = tail;
    const weight = new Float64Array(room);
    weight.set(this.weight);
    this.weight = weight;
  }
}

// Groups that are still to be split: their first members, and how deep they are.
class Stack {
  count = 0;
  head = new Uint32Array(1024);
  depth = new Uint16Array(1024);

  push(head: number, depth: number): void {
    if (this.count === this.head.length) {
      const wider = new Uint32Array(this.count * 2);
      wider.set(this.head);
      this.head = wider;
      const deeper = new Uint16Array(this.count * 2);
      deeper.set(this.depth);
      this.depth = deeper;
    }
    this.head[this.count] = head;
    this.depth[this.count++] = depth;
  }
}

// What is called from these nodes; none may lie below another. Row 0 is all of them together.
export function mergeDown(source: Source, starts: ArrayLike<number>): Merged {
  const { shape, key, selves, order } = source;
  const { frame, end } = shape;
  const split = new Split(shape.count, source.keys);
  const out = new GrowingTrie(selves.length);
  const { next } = split;
  for (let at = 0; at < starts.length; ++at)
    next[starts[at]] = at + 1 < starts.length ? starts[at + 1] : kEnd;
  const stack = new Stack();
  if (starts.length > 0) stack.push(starts[0], 0);
  while (stack.count > 0) {
    const head = stack.head[--stack.count];
    const depth = stack.depth[stack.count];
    const row = out.add(depth, frame[head]);
    split.begin();
    for (let node = head; node !== kEnd; node = next[node]) {
      for (let value = 0; value < selves.length; ++value)
        out.selves[value][row] += selves[value][node];
      for (let child = node + 1; child < end[node]; child = end[child])
        split.add(child, key[frame[child]], order[child]);
    }
    split.push(stack, depth + 1);
  }
  return out.done();
}

// What calls these nodes. A node's own weight is that of the stacks that begin there.
export function mergeUp(source: Source, starts: ArrayLike<number>): Merged {
  const { shape, key, totals, order } = source;
  const { frame, parent } = shape;
  const split = new Split(starts.length, source.keys);
  const out = new GrowingTrie(totals.length);
  const { next } = split;
  const cursor = Uint32Array.from(starts); // how far up each start has been followed
  for (let at = 0; at < starts.length; ++at) next[at] = at + 1 < starts.length ? at + 1 : kEnd;
  const stack = new Stack();
  if (starts.length > 0) stack.push(0, 0);
  while (stack.count > 0) {
    const head = stack.head[--stack.count];
    const depth = stack.depth[stack.count];
    const row = out.add(depth, frame[cursor[head]]);
    split.begin();
    for (let at = head; at !== kEnd; ) {
      const after = next[at]; // add() overwrites it
      const above = parent[cursor[at]];
      if (above === 0) {
        for (let value = 0; value < totals.length; ++value)
          out.selves[value][row] += totals[value][starts[at]];
      } else {
        cursor[at] = above;
        split.add(at, key[frame[above]], order[starts[at]]);
      }
      at = after;
    }
    split.push(stack, depth + 1);
  }
  return out.done();
}

// The nodes of this key that have none of it above them.
export function outermost(source: Source, wanted: number): Uint32Array {
  const { shape, key } = source;
  const { count, frame, end } = shape;
  const found: number[] = [];
  for (let row = 1; row < count; ) {
    if (key[frame[row]] !== wanted) {
      ++row;
      continue;
    }
    found.push(row);
    row = end[row];
  }
  return Uint32Array.from(found);
}
