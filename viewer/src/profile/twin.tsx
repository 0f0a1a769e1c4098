// The flame graph for those who do not see it: the node that the arrow keys are at, with what is
// above, beside and below it, as a tree of elements. Never more than sixty of them.

import { amount, change, percent } from '../canvas/units.ts';
import type { Tree } from './tree.ts';
import { path } from './trie.ts';
import { around, heavyChildren } from './walk.ts';

interface Props {
  id: string;
  tree: Tree;
  cursor: number;
  name(node: number): string;
  unit: string;
}

const kAbove = 12;
const kBeside = 8; // on either side
const kBelow = 24;

export function twinId(id: string, node: number): string {
  return `${id}-node-${node}`;
}

export function Twin({ id, tree, cursor, name, unit }: Props) {
  const { shape, weights, after, before } = tree;
  if (cursor < 0 || cursor >= shape.count) return null;
  const whole = after.total[0];
  const above = path(shape, cursor).slice(0, -1);
  const { siblings, at } = around(shape, weights, cursor);
  const below = heavyChildren(shape, weights, cursor);
  const item = (node: number, place: number, of: number, open: boolean) => (
    <div
      key={node}
      id={twinId(id, node)}
      role="treeitem"
      aria-level={shape.depth[node] + 1}
      aria-posinset={place + 1}
      aria-setsize={of}
      aria-selected={node === cursor}
      aria-expanded={shape.end[node] > node + 1 ? open : undefined}
    >
      {name(node)}: {amount(after.total[node], unit)} {percent(after.total[node], whole)}, itself {amount(after.self[node], unit)}
      {before && `, ${change(after.total[node] - before.total[node], unit)}`}
    </div>
  );
  const placed = (node: number) => {
    const { siblings: all, at: place } = around(shape, weights, node);
    return { place, of: all.length };
  };
  return (
    <div role="group" class="unseen">
      {above.slice(-kAbove).map((node) => {
        const { place, of } = placed(node);
        return item(node, place, of, true);
      })}
      {siblings.slice(Math.max(0, at - kBeside), at).map((node, i) => item(node, Math.max(0, at - kBeside) + i, siblings.length, false))}
      {item(cursor, Math.max(at, 0), siblings.length, true)}
      {below.slice(0, kBelow).map((node, i) => item(node, i, below.length, false))}
      {siblings.slice(at + 1, at + 1 + kBeside).map((node, i) => item(node, at + 1 + i, siblings.length, false))}
    </div>
  );
}
