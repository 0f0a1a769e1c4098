// A profile's stacks as a trie in pre-order: one row a node, typed arrays only. Half a million nodes
// as objects cost seconds and hundreds of megabytes; as columns they cost a few passes.

export interface Shape {
  count: number;
  depth: Uint16Array;
  frame: Uint32Array;
  parent: Uint32Array; // the root's is 0, itself
  end: Uint32Array; // one past the last node of the subtree
  deepest: number;
}

// What the nodes weigh: their own, with all below them, and where they begin when every node lies
// inside its parent, children first, the parent's own share behind them.
export interface Weights {
  self: Float64Array;
  total: Float64Array;
  at: Float64Array;
}

export function shape(depth: Uint16Array, frame: Uint32Array): Shape {
  const count = depth.length;
  if (count === 0) return empty();
  if (depth[0] !== 0) throw new Error(`row 0 has depth ${depth[0]}, the root has 0`);
  const parent = new Uint32Array(count);
  const end = new Uint32Array(count);
  let deepest = 0;
  for (let row = 1; row < count; ++row) if (depth[row] > deepest) deepest = depth[row];
  const last = new Uint32Array(deepest + 1);
  for (let row = 1; row < count; ++row) {
    const level = depth[row];
    if (level === 0 || level > depth[row - 1] + 1)
      throw new Error(`row ${row} has depth ${level} after ${depth[row - 1]}`);
    parent[row] = last[level - 1];
    last[level] = row;
  }
  for (let row = count - 1; row > 0; --row) {
    if (end[row] === 0) end[row] = row + 1;
    if (end[parent[row]] === 0) end[parent[row]] = end[row];
  }
  end[0] = count;
  return { count, depth, frame, parent, end, deepest };
}

function empty(): Shape {
  const none = new Uint32Array(1);
  return {
    count: 1,
    depth: new Uint16Array(1),
    frame: none,
    parent: none,
    end: new Uint32Array([1]),
    deepest: 0,
  };
}

export function totals(shape: Shape, self: Float64Array): Float64Array {
  const { count, parent } = shape;
  const total = new Float64Array(count);
  total.set(self.subarray(0, count));
  for (let row = count - 1; row > 0; --row) total[parent[row]] += total[row];
  return total;
}

export function weigh(shape: Shape, self: Float64Array): Weights {
  const { count, depth } = shape;
  const total = totals(shape, self);
  const at = new Float64Array(count);
  // Where the next child of the open node of each level begins.
  const next = new Float64Array(shape.deepest + 2);
  for (let row = 0; row < count; ++row) {
    const level = depth[row];
    const begin = row === 0 ? 0 : next[level];
    at[row] = begin;
    if (row > 0) next[level] = begin + total[row];
    next[level + 1] = begin;
  }
  return { self, total, at };
}

// The nodes from the root to this one, both included.
export function path(shape: Shape, node: number): number[] {
  const rows = [node];
  while (node !== 0) rows.push((node = shape.parent[node]));
  return rows.reverse();
}

export function children(shape: Shape, node: number): number[] {
  const rows: number[] = [];
  for (let row = node + 1; row < shape.end[node]; row = shape.end[row]) rows.push(row);
  return rows;
}
