// Where the graph is zoomed to, and the way back: every function on the path, as a button.

import { briefName } from '../model/words.ts';
import { type Frames, functionName } from './frames.ts';
import type { Tree } from './tree.ts';
import { path } from './trie.ts';

const kShown = 6; // of a long path: its beginning is left out

export function Crumbs({ tree, frames, zoomed, onZoom }: { tree: Tree; frames: Frames; zoomed: number; onZoom(node: number): void }) {
  if (zoomed === 0) return null;
  const nodes = path(tree.shape, zoomed);
  const hidden = Math.max(0, nodes.length - kShown - 1);
  const shown = [nodes[0]!, ...nodes.slice(1 + hidden)];
  return (
    <nav class="crumbs" aria-label="Zoomed to">
      <ol>
        {shown.map((node, at) => (
          <li key={node}>
            {at === 1 && hidden > 0 && <span class="quiet">… </span>}
            {node === zoomed
              ? <span class="code" aria-current="location">{nameOf(tree, frames, node)}</span>
              : <button type="button" class="plain code" onClick={() => onZoom(node)}>{node === 0 ? 'all' : nameOf(tree, frames, node)}</button>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function nameOf(tree: Tree, frames: Frames, node: number): string {
  return briefName(functionName(frames, tree.shape.frame[node]));
}
