// All lanes on a small picture, a lane a row of pixels (or several lanes, where there are many). Set
// pixel by pixel: a million fillRect() take 50 ms and more, this takes a few.

import type { Timeline } from './data.ts';
import { kAlive, kLeaked, kLost, kStates } from './states.ts';

const kCount = kStates.length;

// By pixel one more than the state that took the most time there; 0 = nothing. What leaked, or is
// missing, is shown wherever it is; that a task merely exists, only where nothing else is known.
export function heat(
  timeline: Timeline,
  order: readonly number[],
  pass: Uint8Array | null,
  width: number,
  height: number,
): Uint8Array {
  const picture = new Uint8Array(width * height);
  const count = order.length;
  const sums = new Float64Array(width * kCount);
  let place = 0;
  for (let top = 0; top < height && place < count; ) {
    // Either a lane has several rows of pixels, or a row has several lanes.
    const last = Math.max(place + 1, Math.floor(((top + 1) * count) / height));
    const bottom = Math.max(top + 1, Math.floor((last * height) / count));
    sums.fill(0);
    for (; place < last && place < count; ++place) addLane(timeline, order[place], pass, width, sums);
    const base = top * width;
    for (let x = 0; x < width; ++x) picture[base + x] = strongest(sums, x * kCount);
    for (let y = top + 1; y < bottom && y < height; ++y) picture.copyWithin(y * width, base, base + width);
    top = bottom;
  }
  return picture;
}

function addLane(timeline: Timeline, lane: number, pass: Uint8Array | null, width: number, sums: Float64Array): void {
  const { spans, rowStart, laneRow, end } = timeline;
  const { from, to, state } = spans;
  const scale = width / end;
  const last = rowStart[laneRow[lane + 1]];
  for (let span = rowStart[laneRow[lane]]; span < last; ++span) {
    if (pass !== null && pass[span] === 0) continue;
    const what = state[span];
    const x0 = from[span] * scale;
    const x1 = to[span] * scale;
    const first = Math.min(x0 | 0, width - 1);
    const end_pixel = Math.max(first, Math.min(Math.ceil(x1) - 1, width - 1));
    if (first === end_pixel) {
      sums[first * kCount + what] += x1 - x0 + kSpeck;
      continue;
    }
    sums[first * kCount + what] += first + 1 - x0 + kSpeck;
    for (let x = first + 1; x < end_pixel; ++x) sums[x * kCount + what] += 1;
    sums[end_pixel * kCount + what] += x1 - end_pixel + kSpeck;
  }
}

const kSpeck = 1e-9; // what took no time is there all the same

function strongest(sums: Float64Array, at: number): number {
  if (sums[at + kLeaked] > 0) return kLeaked + 1;
  if (sums[at + kLost] > 0) return kLost + 1;
  let best = -1;
  let most = 0;
  for (let state = kAlive + 1; state < kCount; ++state) {
    if (sums[at + state] <= most) continue;
    most = sums[at + state];
    best = state;
  }
  if (best >= 0) return best + 1;
  return sums[at + kAlive] > 0 ? kAlive + 1 : 0;
}
