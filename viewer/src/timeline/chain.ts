// Who kept whom waiting: from a wait to its holder, to what the holder waited for itself.

import type { Timeline } from './data.ts';
import { firstAfter, laneOf } from './find.ts';
import { kBlocked, kLeaked, kStates } from './states.ts';

const kWaiting = kStates.indexOf('waiting');

export interface Link {
  span: number; // the wait
  holder: number; // lane
  woke: boolean; // not known to have held it: it let the one that waited go on
  next: number; // what the holder waited for meanwhile, the longest of it; -1 = nothing that is known
  part: number; // how much of the wait that was, 0 to 1
}

// Null where nobody is known to have held it.
export function linkOf(timeline: Timeline, span: number): Link | null {
  const lane = laneOf(timeline, span);
  const held = timeline.spans.holder[span];
  const holder = held >= 0 ? held : wakerOf(timeline, lane, span);
  if (holder < 0 || holder === lane) return null;
  const { laneRow, rowStart, spans } = timeline;
  const from = spans.from[span];
  const to = spans.to[span];
  let next = -1;
  let longest = 0;
  let sum = 0;
  for (let row = laneRow[holder]; row < laneRow[holder + 1]; ++row) {
    const end = rowStart[row + 1];
    for (let one = firstAfter(spans.to, from, rowStart[row], end); one < end && spans.from[one] < to; ++one) {
      if (spans.state[one] !== kBlocked && spans.state[one] !== kWaiting && spans.state[one] !== kLeaked && spans.holder[one] < 0) continue;
      const shared = Math.min(spans.to[one], to) - Math.max(spans.from[one], from);
      sum += shared;
      if (shared > longest) {
        longest = shared;
        next = one;
      }
    }
  }
  return { span, holder, woke: held < 0, next, part: to > from ? Math.min(sum / (to - from), 1) : 0 };
}

// The lane from which an arrow comes that ends where the wait ended; -1 = none.
function wakerOf(timeline: Timeline, lane: number, span: number): number {
  const { points, spans } = timeline;
  const state = spans.state[span];
  if (state !== kBlocked && state !== kWaiting) return -1;
  const end = points.laneStart[lane + 1];
  const to = spans.to[span];
  for (let at = firstAfter(points.time, to - 2, points.laneStart[lane], end); at < end && points.time[at] <= to + 1; ++at) {
    if (points.kind[at] !== kInto || points.flow[at] === 0) continue;
    const other = otherEnd(timeline, at);
    if (other >= 0) return points.lane[other];
  }
  return -1;
}

const kInto = 2;

export interface Chain {
  links: Link[];
  circle: number; // how many of the last links come back to themselves
}

// The whole chain from a wait on; it ends where nobody is known, or where it closes.
export function chainFrom(timeline: Timeline, span: number): Chain {
  const links: Link[] = [];
  for (let at = span; at >= 0; ) {
    const link = linkOf(timeline, at);
    if (!link) break;
    links.push(link);
    const first = links.findIndex((one) => one.span === link.next);
    if (first >= 0) return { links, circle: links.length - first };
    at = link.next;
  }
  return { links, circle: 0 };
}

export interface Arrow {
  fromLane: number;
  fromTime: number;
  toLane: number;
  toTime: number;
  label: string;
}

const kMostArrows = 40;

// Arrows that begin or end in the lane during the span: who created whom, who let whom go on.
export function flowsOf(timeline: Timeline, lane: number, from: number, to: number): Arrow[] {
  const { points, names } = timeline;
  const arrows: Arrow[] = [];
  const end = points.laneStart[lane + 1];
  for (let at = points.laneStart[lane]; at < end && arrows.length < kMostArrows; ++at) {
    const time = points.time[at];
    if (time < from - 1 || time > to + 1 || points.flow[at] === 0) continue;
    const other = otherEnd(timeline, at);
    if (other < 0) continue;
    const [out, into] = points.kind[at] === 1 ? [at, other] : [other, at];
    arrows.push({
      fromLane: points.lane[out],
      fromTime: points.time[out],
      toLane: points.lane[into],
      toTime: points.time[into],
      label: names[points.name[out]] ?? '',
    });
  }
  return arrows;
}

const ends = new WeakMap<Timeline, Map<number, [number, number]>>();

function otherEnd(timeline: Timeline, point: number): number {
  let known = ends.get(timeline);
  if (!known) {
    known = new Map();
    const { flow } = timeline.points;
    for (let at = 0; at < flow.length; ++at) {
      if (flow[at] === 0) continue;
      const pair = known.get(flow[at]);
      if (pair) pair[1] = at;
      else known.set(flow[at], [at, -1]);
    }
    ends.set(timeline, known);
  }
  const pair = known.get(timeline.points.flow[point]);
  return pair ? (pair[0] === point ? pair[1] : pair[0]) : -1;
}
