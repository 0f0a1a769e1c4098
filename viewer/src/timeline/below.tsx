// The line below the lanes: the picked span, who held what it waited for, and the chain from there.

import { useMemo } from 'preact/hooks';
import { duration } from '../model/words.ts';
import { range, select, selection } from '../state/selection.ts';
import { fit } from './camera.ts';
import { type Chain, chainFrom } from './chain.ts';
import { laneOf } from './find.ts';
import type { Recorded } from './load.ts';
import { look, picked, spanId } from './state.ts';
import type { Walker } from './walk.ts';
import { laneName, linkText, objectName, spanName, spanText, timeText } from './words.ts';

export function openDetails(all: Recorded, span: number): void {
  select({ kind: 'span', id: spanId(all.timeline, span) });
}

export function Below({ all, walker }: { all: Recorded; walker: Walker }) {
  const span = picked.value;
  return (
    <div class="below">
      {span < 0
        ? <span class="quiet">Click a span; drag for a range of time; wheel scrolls, with Ctrl it zooms; <kbd>?</kbd> says more.</span>
        : <Picked all={all} span={span} walker={walker} />}
      {range.value && (
        <span class="buttons">
          <span class="quiet">{timeText(range.value.from)} to {timeText(range.value.to)}, {duration(range.value.to - range.value.from)}</span>
          <button type="button" onClick={() => look(fit(range.value!.from, range.value!.to, all.timeline.end))}>Zoom to range</button>
        </span>
      )}
    </div>
  );
}

function Picked({ all, span, walker }: { all: Recorded; span: number; walker: Walker }) {
  const { timeline } = all;
  const chain = useMemo(() => chainFrom(timeline, span), [timeline, span]);
  const [link] = chain.links;
  return (
    <>
      <strong class="name">{laneName(all, laneOf(timeline, span))}: {spanText(all, span)}</strong>
      <span class="quiet">from {timeText(timeline.spans.from[span])}</span>
      {link && <span>{linkText(link)} <b>{laneName(all, link.holder)}</b></span>}
      {link && link.next >= 0 && <span class="warning">{blockedText(all, chain)}</span>}
      <span class="buttons">
        {link && <button type="button" onClick={() => walker.follow(false)}>Holder <kbd>]</kbd></button>}
        <button type="button" onClick={() => openDetails(all, span)}>Details</button>
        <button type="button" onClick={() => look(fit(timeline.spans.from[span], timeline.spans.to[span], timeline.end))}>Zoom</button>
      </span>
    </>
  );
}

// What it means that the holder waited itself.
export function blockedText(all: Recorded, { links, circle }: Chain): string {
  const [link] = links;
  if (!link || link.next < 0) return '';
  if (circle > 0 && circle === links.length) return `⚠ a circle of ${circle}: each waits for what the next one holds`;
  if (circle > 0) return `⚠ the holder is blocked in a circle of ${circle}`;
  const what = objectName(all, link.next) || spanName(all, link.next);
  return `⚠ the holder was blocked too: ${what}, ${Math.round(link.part * 100)} % of this time`;
}

// Where a span is selected, the panel follows the pick.
export function follow(all: Recorded, span: number): void {
  if (span >= 0 && selection.peek()?.kind === 'span') openDetails(all, span);
}
