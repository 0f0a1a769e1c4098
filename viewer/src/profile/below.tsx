// The line below the graph: what the pointer or the arrow keys are at, and where to go from there.

import { amount, percent } from '../canvas/units.ts';
import { jump } from '../state/route.ts';
import { select } from '../state/selection.ts';
import { stableId } from '../model/stable_id.ts';
import { shortName } from '../model/words.ts';
import { type Frames, baseName, functionName, place } from './frames.ts';
import { nodeId } from './node_id.ts';
import { file_of, mode, pivot, unit } from './state.ts';
import type { Tree } from './tree.ts';

export function openDetails(tree: Tree, frames: Frames, node: number): void {
  select({ kind: 'stack', id: nodeId(tree.shape, frames, node) });
}

export function openCallers(tree: Tree, frames: Frames, node: number): void {
  pivot.set(stableId(frames.strings[frames.function[tree.shape.frame[node]]] ?? ''));
  mode.set('callers');
}

export function openSource(tree: Tree, frames: Frames, node: number): void {
  file_of.set(frames.strings[frames.file[tree.shape.frame[node]]] ?? '');
  jump('profile', { 'profile.mode': 'source' });
}

export function Below({ tree, frames, node }: { tree: Tree; frames: Frames; node: number }) {
  if (node <= 0 || node >= tree.shape.count) return <p class="below quiet"><span>Click a box to zoom in, Esc to zoom out; arrow keys walk, <kbd>?</kbd> says more.</span></p>;
  const frame = tree.shape.frame[node];
  const total = tree.after.total[node];
  return (
    <div class="below">
      <strong class="code name">{shortName(functionName(frames, frame))}</strong>
      <span class="quiet">{baseName(place(frames, frame))}</span>
      <span>{amount(total, unit.value)} ({percent(total, tree.after.total[0])}), itself {amount(tree.after.self[node], unit.value)}</span>
      <span class="buttons">
        <button type="button" onClick={() => openDetails(tree, frames, node)}>Details</button>
        <button type="button" onClick={() => openCallers(tree, frames, node)}>Callers &amp; callees</button>
        {frames.file[frame] !== 0 && <button type="button" onClick={() => openSource(tree, frames, node)}>Source</button>}
      </span>
    </div>
  );
}
