// What is under the pointer, at once and in full.

import { amount, change, percent } from '../canvas/units.ts';
import { type Frames, baseName, functionName, moduleName, place } from './frames.ts';
import type { Tree } from './tree.ts';

interface Props {
  tree: Tree;
  frames: Frames;
  node: number;
  zoomed: number;
  unit: string;
}

export function Tip({ tree, frames, node, zoomed, unit }: Props) {
  const { shape, after, before } = tree;
  const frame = shape.frame[node];
  const total = after.total[node];
  const where = place(frames, frame);
  const module = baseName(moduleName(frames, frame));
  return (
    <>
      <strong class="code">{node === 0 ? 'all' : functionName(frames, frame)}</strong>
      {(where || module) && <span class="quiet">{[where, module].filter(Boolean).join(' · ')}</span>}
      <span>
        {amount(total, unit)} · {percent(total, after.total[0])} of all
        {zoomed !== 0 && node !== zoomed && ` · ${percent(total, after.total[zoomed])} of what is zoomed`}
      </span>
      <span>itself {amount(after.self[node], unit)} · {percent(after.self[node], after.total[0])}</span>
      {before && (
        <span>
          before {amount(before.total[node], unit)} · <b>{change(total - before.total[node], unit)}</b>
          {before.total[node] === 0 ? ' · new' : total === 0 ? ' · gone' : ` · ${percent(total, before.total[node])} of it`}
        </span>
      )}
    </>
  );
}
