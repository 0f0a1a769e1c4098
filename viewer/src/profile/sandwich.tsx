// One function: all that calls it above, all that it calls below, from every place where it occurs.

import { useMemo, useState } from 'preact/hooks';
import { Flame } from './flame.tsx';
import { functionName } from './frames.ts';
import { functionById, hits, pivot, profile, source, unit, by_line } from './state.ts';
import { shortName } from '../model/words.ts';
import { stableId } from '../model/stable_id.ts';
import { TopTable } from './top_table.tsx';
import { type Tree, calleesOf, callersOf, outermost } from './tree.ts';

export function Sandwich() {
  const now = profile.value;
  const from = source.value;
  const wanted = functionById.value.get(pivot.value);
  if (!now || !from) return null;
  return (
    <div class="sandwich">
      <TopTable narrow onOpen={(name) => pivot.set(stableId(name))} selected={pivot.value} />
      {wanted === undefined
        ? <p class="message">Choose a function on the left: what calls it is drawn above, what it calls below.</p>
        : <Halves key={`${wanted} ${by_line.value}`} wanted={wanted} />}
    </div>
  );
}

function Halves({ wanted }: { wanted: number }) {
  const now = profile.value!;
  const from = source.value!;
  const name = now.frames.strings[wanted] || '(unknown)';
  const { up, down } = useMemo(() => {
    // Whatever the boxes are, a function's occurrences are told by its name.
    const starts = outermost({ ...from, key: now.frames.function }, wanted);
    return { up: callersOf(from, starts), down: calleesOf(from, starts) };
  }, [from, wanted]);
  return (
    <div class="halves">
      <h3>What calls <span class="code">{shortName(name)}</span></h3>
      <Half id="callers" label={`Callers of ${name}`} tree={up} upwards />
      <h3>What it calls</h3>
      <Half id="callees" label={`Callees of ${name}`} tree={down} upwards={false} />
    </div>
  );
}

function Half({ id, label, tree, upwards }: { id: string; label: string; tree: Tree; upwards: boolean }) {
  const { frames } = profile.value!;
  const [zoomed, setZoomed] = useState(0);
  const [cursor, setCursor] = useState(-1);
  const onKey = (key: string, node: number): boolean => {
    if (key === 'Escape' && zoomed !== 0) setZoomed(0);
    else if (key === 'c') pivot.set(stableId(functionName(frames, tree.shape.frame[node])));
    else return false;
    return true;
  };
  return (
    <Flame
      id={id} label={label} tree={tree} frames={frames} unit={unit.value} hits={hits.value.found} upwards={upwards}
      zoomed={zoomed < tree.shape.count ? zoomed : 0} cursor={cursor} onZoom={setZoomed} onCursor={setCursor} onKey={onKey}
      root={functionName(frames, tree.shape.frame[0])}
    />
  );
}
