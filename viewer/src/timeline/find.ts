// Places in sorted rows, found by halving.

import type { Timeline } from './data.ts';

// The first of [begin, end) whose value is greater than `than`; the values do not descend.
export function firstAfter(values: Float64Array, than: number, begin: number, end: number): number {
  while (begin < end) {
    const middle = (begin + end) >>> 1;
    if (values[middle] > than) end = middle;
    else begin = middle + 1;
  }
  return begin;
}

// The row that has this span.
export function rowOf(timeline: Timeline, span: number): number {
  const { rowStart } = timeline;
  let low = 0;
  let high = rowStart.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (rowStart[middle] <= span) low = middle;
    else high = middle;
  }
  return low;
}

export function laneOf(timeline: Timeline, span: number): number {
  return timeline.rowLane[rowOf(timeline, span)];
}

// The innermost span of a lane at this time that passes, or -1. `slack` ns beside it will do.
export function spanAt(
  timeline: Timeline,
  lane: number,
  time: number,
  slack: number,
  pass: Uint8Array | null,
): number {
  const { laneRow, rowStart, spans } = timeline;
  for (let row = laneRow[lane + 1] - 1; row >= laneRow[lane]; --row) {
    const end = rowStart[row + 1];
    let best = -1;
    let nearest = slack;
    for (let span = firstAfter(spans.to, time - slack, rowStart[row], end); span < end; ++span) {
      if (spans.from[span] > time + slack) break;
      if (pass && pass[span] === 0) continue;
      const away = Math.max(spans.from[span] - time, time - spans.to[span], 0);
      if (best < 0 || away < nearest) {
        best = span;
        nearest = away;
      }
      if (away === 0) break;
    }
    if (best >= 0) return best;
  }
  return -1;
}

// The point of a lane nearest to this time, within `slack` ns, or -1.
export function pointAt(timeline: Timeline, lane: number, time: number, slack: number): number {
  const { laneStart, time: times } = timeline.points;
  const end = laneStart[lane + 1];
  let best = -1;
  let nearest = slack;
  for (let at = firstAfter(times, time - slack, laneStart[lane], end); at < end && times[at] <= time + slack; ++at) {
    if (Math.abs(times[at] - time) > nearest) continue;
    nearest = Math.abs(times[at] - time);
    best = at;
  }
  return best;
}
