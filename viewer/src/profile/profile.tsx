// The profile view: one profile of the report, drawn the way that was chosen.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { TakeAnew } from '../live/anew.tsx';
import { amount } from '../canvas/units.ts';
import { useFindField, useKeys } from '../state/keys.ts';
import { range, selection, select } from '../state/selection.ts';
import { stableId } from '../model/stable_id.ts';
import { Message, Section } from '../ui/section.tsx';
import { Below, openCallers, openDetails, openSource } from './below.tsx';
import { Crumbs } from './crumbs.tsx';
import { Flame } from './flame.tsx';
import { in_range } from './in_range.ts';
import { Legend } from './legend.tsx';
import { listed } from './load.ts';
import { Sandwich } from './sandwich.tsx';
import { SourceView } from './source_view.tsx';
import { entry, hits, loaded, mode, tree, unit, value, which } from './state.ts';
import { useZoom } from './zoom.ts';
import { Toolbar } from './toolbar.tsx';
import { TopTable } from './top_table.tsx';
import type { Profile, Tree } from './tree.ts';

export function ProfileView() {
  const find = useFindField();
  if (!entry.value) return <Message title="No profile in this report"><p>Make one with <code>track html</code> of a recording or of a running process.</p></Message>;
  return (
    <div class="view profile">
      <div class="view-head">
        <div class="headline"><h2>{headline()}</h2><TakeAnew /></div>
        <Toolbar find={find} />
        {range.value && entry.value !== in_range && listed().includes(in_range) && (
          <p class="note">Summed up over all of the time. <button type="button" class="link" onClick={() => which.set(in_range.section)}>Show the chosen range</button></p>
        )}
        {entry.value.comments.length > 0 && (
          <details class="quiet"><summary>{entry.value.comments[0]}</summary>{entry.value.comments.slice(1).map((one, at) => <p key={at}>{one}</p>)}</details>
        )}
      </div>
      <Section of={loaded.value}>{(now) => <Body profile={now} />}</Section>
    </div>
  );
}

function headline(): string {
  const one = entry.value!;
  const shown = one.value_types[value.value];
  const total = tree.value?.after.total[0] ?? one.total?.[value.value];
  if (!shown || total === undefined) return one.type;
  return `${one.type}: ${amount(total, shown.unit)}${shown.unit === 'count' ? ` ${shown.type}` : ` (${shown.type})`}`;
}

function Body({ profile: now }: { profile: Profile }) {
  if (mode.value === 'source') return <SourceView />;
  const built = tree.value!;
  if (!(built.weights.total[0] > 0))
    return <Message title="Nothing to draw"><p>All of this profile's values are zero{mode.value === 'top' ? '' : ', so no box would have a width'}.</p></Message>;
  if (mode.value === 'top') return <TopTable selected={selection.value?.kind === 'function' ? selection.value.id : ''} onOpen={(name) => select({ kind: 'function', id: stableId(name) })} />;
  if (mode.value === 'callers') return <Sandwich />;
  return <Graph profile={now} tree={built} />;
}

function Graph({ profile: { frames }, tree: built }: { profile: Profile; tree: Tree }) {
  const { shape } = built;
  const [zoomed, setZoomed] = useZoom(built, frames);
  const back = useRef<number[]>([]);
  const [cursor, setCursor] = useState(-1);
  useLayoutEffect(() => {
    setCursor(-1);
    back.current = [];
  }, [built]);

  const zoom = (node: number, remember = true) => {
    if (node === zoomed) return;
    if (remember) back.current.push(zoomed);
    setZoomed(node);
  };
  const point = (node: number) => {
    setCursor(node);
    if (node > 0 && selection.peek()?.kind === 'stack') openDetails(built, frames, node);
  };
  const zoomOut = (): boolean => {
    if (zoomed === 0) return false;
    zoom(back.current.pop() ?? shape.parent[zoomed], false);
    return true;
  };
  const onKey = (key: string, node: number): boolean => {
    if (key === 'Escape' || key === 'Backspace') return zoomOut();
    if (node <= 0) return false;
    if (key === 'i') openDetails(built, frames, node);
    else if (key === 'c') openCallers(built, frames, node);
    else if (key === 'o' && frames.file[shape.frame[node]] !== 0) openSource(built, frames, node);
    else return false;
    return true;
  };
  useKeys(zoomed === 0 ? {} : { Escape: () => void zoomOut() });
  return (
    <>
      <div class="above-graph"><Crumbs tree={built} frames={frames} zoomed={zoomed} onZoom={(node) => zoom(node)} /><Legend /></div>
      <Flame
        id="flame" label={`${entry.value!.type}, ${unit.value}: arrow keys walk, Enter zooms, Escape goes back`} tree={built} frames={frames} unit={unit.value}
        hits={hits.value.found} upwards={mode.value === 'flame'} zoomed={zoomed} cursor={cursor < shape.count ? cursor : -1}
        onZoom={(node) => zoom(node)} onCursor={point} onKey={onKey}
      />
      <Below tree={built} frames={frames} node={cursor} />
    </>
  );
}
