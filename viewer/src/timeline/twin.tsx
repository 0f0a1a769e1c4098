// The lanes for those who do not see them: the lanes around the one that the keyboard is at, and its
// spans around the one it is at. Never more than sixty elements.

import { Fragment } from 'preact';
import type { Item } from './items.ts';
import type { Recorded } from './load.ts';
import { rowOf } from './find.ts';
import { holderText, laneName, spanText, timeText } from './words.ts';

interface Props {
  all: Recorded;
  items: Item[];
  place: number;
  span: number;
  pass: Uint8Array | null;
}

const kBeside = 10; // on either side

export const laneTwinId = (place: number) => `lane-${place}`;
export const spanTwinId = (span: number) => `span-${span}`;

export function TimelineTwin({ all, items, place, span, pass }: Props) {
  if (place < 0 || place >= items.length) return null;
  const first = Math.max(0, place - kBeside);
  return (
    <div role="group" class="unseen">
      {items.slice(first, place + kBeside + 1).map((item, i) => {
        const at = first + i;
        return (
          <Fragment key={at}>
            <div id={laneTwinId(at)} role="treeitem" aria-level={item.inset + 1} aria-posinset={at + 1} aria-setsize={items.length}
              aria-selected={at === place && span < 0} aria-expanded={item.lane < 0 ? !item.folded : at === place}>
              {item.lane < 0 ? `${item.group}, ${item.lanes.length} lanes` : laneText(all, item.lane)}
            </div>
            {at === place && item.lane >= 0 && <Spans all={all} lane={item.lane} span={span} pass={pass} level={item.inset + 2} />}
          </Fragment>
        );
      })}
    </div>
  );
}

function laneText(all: Recorded, lane: number): string {
  const { laneRow, rowStart, lanes } = all.timeline;
  const count = rowStart[laneRow[lane + 1]] - rowStart[laneRow[lane]];
  return `${laneName(all, lane)}, ${lanes[lane]!.kind}, ${count} ${count === 1 ? 'span' : 'spans'}`;
}

function Spans({ all, lane, span, pass, level }: { all: Recorded; lane: number; span: number; pass: Uint8Array | null; level: number }) {
  const { timeline } = all;
  const row = span >= 0 ? rowOf(timeline, span) : timeline.laneRow[lane + 1] - 1;
  const begin = timeline.rowStart[row];
  const end = timeline.rowStart[row + 1];
  const near: number[] = [];
  for (let at = span >= 0 ? span - 1 : -1; at >= begin && near.length < kBeside; --at) if (!pass || pass[at]) near.unshift(at);
  for (let at = span >= 0 ? span : begin, left = kBeside + 1; at < end && left > 0; ++at)
    if (!pass || pass[at]) {
      near.push(at);
      --left;
    }
  return (
    <>
      {near.map((at) => {
        const holder = holderText(all, at);
        return (
          <div key={spanTwinId(at)} id={spanTwinId(at)} role="treeitem" aria-level={level} aria-posinset={at - begin + 1} aria-setsize={end - begin} aria-selected={at === span}>
            {spanText(all, at)}, from {timeText(timeline.spans.from[at])}{holder && `, ${holder}`}
          </div>
        );
      })}
    </>
  );
}
