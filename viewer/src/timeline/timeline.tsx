// The timeline view: a picture of all lanes, the curves, the lanes, and what is picked in them.

import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { TakeAnew } from '../live/anew.tsx';
import { duration, plural } from '../model/words.ts';
import { useFindField, useKeys } from '../state/keys.ts';
import { range, selection, setRange } from '../state/selection.ts';
import { Message, Section } from '../ui/section.tsx';
import { Below, follow, openDetails } from './below.tsx';
import { Counters } from './counters.tsx';
import { Filters } from './filters.tsx';
import { Lanes, toggle } from './lanes.tsx';
import { type Recorded, recorded } from './load.ts';
import { Minimap, type Sight, minimapHeight } from './minimap.tsx';
import { as_table, camera, followCamera, items, look, order, pick, picked, placeOfLane } from './state.ts';
import { Table } from './table.tsx';
import { timeText } from './words.ts';
import { makeWalker } from './walk.ts';

export function TimelineView() {
  return <Section of={recorded().value}>{(all) => <Whole all={all} />}</Section>;
}

function Whole({ all }: { all: Recorded }) {
  const { timeline } = all;
  if (timeline.lanes.length === 0)
    return <Message title="Nothing on the timeline"><p>No task of this recording has a history. <code>track run</code> and <code>track attach</code> record one.</p></Message>;
  return <Full all={all} />;
}

function Full({ all }: { all: Recorded }) {
  const { timeline } = all;
  const find = useFindField();
  const [sight, setSight] = useState<Sight>({ first: 0, last: 1 });
  const [asked, setAsked] = useState(-1);
  const escape = (): boolean => {
    if (range.peek()) setRange(undefined);
    else if (picked.peek() >= 0) pick(-1);
    else if (camera.peek().from > 0 || camera.peek().to < timeline.end) look({ from: 0, to: timeline.end });
    else return false;
    return true;
  };
  const walker = useMemo(() => makeWalker({ details: (span) => openDetails(all, span), fold: toggle, escape }), [all]);
  useLayoutEffect(followCamera, []);
  useLayoutEffect(() => follow(all, picked.value), [picked.value]);
  useLayoutEffect(() => {
    // A task that another view selected is looked for here.
    const chosen = selection.value;
    if (chosen?.kind !== 'task') return;
    const lane = timeline.lanes.findIndex((one) => one.task === chosen.id);
    const place = lane < 0 ? -1 : (placeOfLane.peek()[lane] ?? -1);
    if (place >= 0) walker.to(place, -1);
  }, [selection.value, timeline]);
  useKeys({
    t: () => as_table.set(as_table.peek() === '1' ? '' : '1'),
    '[': () => walker.follow(true),
    ']': () => walker.follow(false),
    m: () => setRange({ ...camera.peek() }),
    ...(range.value || picked.value >= 0 ? { Escape: () => void escape() } : {}),
  });
  const tasks = timeline.lanes.filter((lane) => lane.kind !== 'locks').length;
  return (
    <div class="view timeline">
      <div class="view-head">
        <div class="headline"><h2>{plural(tasks, 'task')}, {duration(timeline.end)}</h2><TakeAnew /></div>
        <Filters all={all} find={find} />
        {timeline.losses.map((loss, at) => <p key={at} class="quiet">{loss.name}: {timeText(loss.start)} to {timeText(loss.end)}</p>)}
      </div>
      {as_table.value === '1'
        ? <Table all={all} />
        : (
          <>
            <div class="minimap-box" style={{ height: `${minimapHeight(order.value.length)}px` }}><Minimap sight={sight} onSight={setAsked} /></div>
            <Counters counters={timeline.counters} end={timeline.end} />
            {items.value.length > 0
              ? <Lanes walker={walker} sightAsked={asked} onSight={(next) => setSight((last) => (next.first === last.first && next.last === last.last ? last : next))} />
              : <p class="message">No span passes the filters.</p>}
          </>
        )}
      <Below all={all} walker={walker} />
    </div>
  );
}
