// Which boxes of a trie are seen: those at least a pixel wide, in the rows on the screen. What is
// narrower is drawn as one quiet box a run, so that nothing is missing without a trace.

import type { Shape, Weights } from './trie.ts';

export const kRest = 0xffffffff; // instead of a node: several, each too narrow

export interface Boxes {
  count: number;
  node: Uint32Array;
  x: Float64Array; // in pixels
  width: Float64Array;
  level: Uint16Array; // depth in the trie
  weight: Float64Array; // of a run without the gaps in it
}

interface Window {
  focus: number; // fills the whole width, as all above it
  width: number; // in pixels
  firstLevel: number;
  lastLevel: number; // inclusive
}

const kNarrowest = 1;

export function makeBoxes(): Boxes {
  return { count: 0, ...columns(4096) };
}

function columns(room: number) {
  return {
    node: new Uint32Array(room),
    x: new Float64Array(room),
    width: new Float64Array(room),
    level: new Uint16Array(room),
    weight: new Float64Array(room),
  };
}

function add(boxes: Boxes, node: number, x: number, width: number, level: number, weight: number): void {
  if (boxes.count === boxes.node.length) {
    const larger = columns(boxes.count * 2);
    larger.node.set(boxes.node);
    larger.x.set(boxes.x);
    larger.width.set(boxes.width);
    larger.level.set(boxes.level);
    larger.weight.set(boxes.weight);
    Object.assign(boxes, larger);
  }
  const at = boxes.count++;
  boxes.node[at] = node;
  boxes.x[at] = x;
  boxes.width[at] = width;
  boxes.level[at] = level;
  boxes.weight[at] = weight;
}

export function layOut(shape: Shape, weights: Weights, window: Window, boxes: Boxes): void {
  const { parent, end, depth } = shape;
  const { total, at } = weights;
  const { focus, width, firstLevel, lastLevel } = window;
  boxes.count = 0;
  if (!(total[focus] > 0) || width <= 0) return;
  for (let node = focus; node !== 0; ) {
    node = parent[node];
    if (depth[node] >= firstLevel && depth[node] <= lastLevel) add(boxes, node, 0, width, depth[node], total[node]);
  }
  const scale = width / total[focus];
  const begin = at[focus];
  const least = kNarrowest / scale;
  // By level: where the run of narrow boxes that ends here began; NaN = there is none.
  const runs = new Float64Array(shape.deepest + 2).fill(Number.NaN);
  const ends = new Float64Array(shape.deepest + 2);
  const sums = new Float64Array(shape.deepest + 2);
  const close = (level: number): void => {
    const from = runs[level];
    if (from !== from) return;
    runs[level] = Number.NaN;
    const wide = (ends[level] - from) * scale;
    if (wide >= kNarrowest && level >= firstLevel)
      add(boxes, kRest, (from - begin) * scale, wide, level, sums[level]);
  };
  const stop = end[focus];
  for (let node = focus; node < stop; ) {
    const level = depth[node];
    if (level > lastLevel) {
      node = end[parent[node]]; // its siblings are as deep
      continue;
    }
    const weight = total[node];
    if (weight < least) {
      if (weight > 0) {
        if (runs[level] !== runs[level] || at[node] > ends[level] + least) {
          close(level);
          runs[level] = at[node];
          sums[level] = 0;
        }
        sums[level] += weight;
        ends[level] = at[node] + weight;
      }
      node = end[node];
      continue;
    }
    close(level);
    if (level >= firstLevel) add(boxes, node, (at[node] - begin) * scale, weight * scale, level, weight);
    ++node;
  }
  for (let level = firstLevel; level <= Math.min(lastLevel, shape.deepest); ++level) close(level);
}

// The box there, or -1. Boxes are few enough to be looked at one by one.
export function boxAt(boxes: Boxes, x: number, level: number): number {
  for (let at = 0; at < boxes.count; ++at)
    if (boxes.level[at] === level && x >= boxes.x[at] && x < boxes.x[at] + boxes.width[at]) return at;
  return -1;
}
