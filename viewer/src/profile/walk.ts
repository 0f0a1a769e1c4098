// From node to node as the arrow keys go: what weighs nothing is not there.

import type { Shape, Weights } from './trie.ts';

export interface Around {
  siblings: number[]; // with the node itself
  at: number; // its place among them
}

export function around(shape: Shape, weights: Weights, node: number): Around {
  if (node === 0) return { siblings: [0], at: 0 };
  const siblings = heavyChildren(shape, weights, shape.parent[node]);
  return { siblings, at: siblings.indexOf(node) };
}

export function heavyChildren(shape: Shape, weights: Weights, node: number): number[] {
  const found: number[] = [];
  for (let row = node + 1; row < shape.end[node]; row = shape.end[row])
    if (weights.total[row] > 0) found.push(row);
  return found;
}

export type Step = 'out' | 'in' | 'before' | 'after';

// Where a step leads; the node itself where there is nothing in that direction.
export function step(shape: Shape, weights: Weights, node: number, to: Step): number {
  if (to === 'out') return shape.parent[node];
  if (to === 'in') {
    let heaviest = node;
    for (let row = node + 1; row < shape.end[node]; row = shape.end[row])
      if (weights.total[row] > 0 && (heaviest === node || weights.total[row] > weights.total[heaviest])) heaviest = row;
    return heaviest;
  }
  const { siblings, at } = around(shape, weights, node);
  return siblings[at + (to === 'after' ? 1 : -1)] ?? node;
}

export function contains(shape: Shape, above: number, node: number): boolean {
  return above <= node && node < shape.end[above];
}

// How deep the trie is below this node, in levels from the root.
export function deepestBelow(shape: Shape, node: number): number {
  if (node === 0) return shape.deepest;
  let deepest = shape.depth[node];
  for (let row = node; row < shape.end[node]; ++row) if (shape.depth[row] > deepest) deepest = shape.depth[row];
  return deepest;
}
