// What is under the pointer, at once.

import { ownFrame, placeText } from '../model/frame.ts';
import { shortName } from '../model/words.ts';
import { laneOf } from './find.ts';
import type { Recorded } from './load.ts';
import { holderText, laneName, spanText, timeText } from './words.ts';

export function PointTip({ all, point }: { all: Recorded; point: number }) {
  const { points, names } = all.timeline;
  return (
    <>
      <strong>{shortName(names[points.name[point]] ?? '')}</strong>
      <span class="quiet">{laneName(all, points.lane[point])} · at {timeText(points.time[point])}</span>
      <Leaf all={all} stack={points.stack[point]} />
    </>
  );
}

function Leaf({ all, stack }: { all: Recorded; stack: number }) {
  const leaf = ownFrame(all.stack(stack));
  return leaf ? <span class="code">{shortName(leaf.function)} {placeText(leaf)}</span> : null;
}

export function SpanTip({ all, span }: { all: Recorded; span: number }) {
  const { timeline } = all;
  const holder = holderText(all, span);
  return (
    <>
      <strong>{spanText(all, span)}</strong>
      <span class="quiet">{laneName(all, laneOf(timeline, span))} · from {timeText(timeline.spans.from[span])}</span>
      {holder && <span>{holder}</span>}
      <Leaf all={all} stack={timeline.spans.stack[span]} />
    </>
  );
}
