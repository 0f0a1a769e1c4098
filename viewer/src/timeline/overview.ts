// All lanes on a small picture, a lane a row of pixels (or several lanes, where there are many). Set
// pixel by pixel: a million fillRect() take 50 ms and more, this takes a few.

import type { Timeline } from './data.ts';
import { kAlive, kLeaked, kLost, kStates } from './states.ts';

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
  const states = occurring(timeline);
  const sums: Sums = { width, states, at: slots(states, width), time: new Float32Array((width + 1) * states.length) };
  let place = 0;
  for (let top = 0; top < height && place < count; ) {
    // Either a lane has several rows of pixels, or a row has several lanes.
    const last = Math.max(place + 1, Math.floor(((top + 1) * count) / height));
    const bottom = Math.max(top + 1, Math.floor((last * height) / count));
    sums.time.fill(0);
    for (; place < last && place < count; ++place) addLane(timeline, order[place], pass, sums);
    const base = top * width;
    strongest(sums, picture, base);
    for (let y = top + 1; y < bottom && y < height; ++y) picture.copyWithin(y * width, base, base + width);
    top = bottom;
  }
  return picture;
}

// Time by state and pixel, of one row of pixels: a state's pixels beside each other.
interface Sums {
  width: number;
  states: number[]; // that occur at all, in the order of kStates
  at: Uint32Array; // by state: where its pixels begin; one more each, that nobody looks at
  time: Float32Array;
}

const known = new WeakMap<Timeline, number[]>();

function occurring(timeline: Timeline): number[] {
  let states = known.get(timeline);
  if (!states) {
    const seen = new Uint8Array(kStates.length);
    const { state, count } = timeline.spans;
    for (let span = 0; span < count; ++span) seen[state[span]] = 1;
    states = kStates.map((_, state) => state).filter((state) => seen[state] === 1);
    known.set(timeline, states);
  }
  return states;
}

function slots(states: number[], width: number): Uint32Array {
  const at = new Uint32Array(kStates.length);
  states.forEach((state, place) => {
    at[state] = place * (width + 1);
  });
  return at;
}

function addLane(timeline: Timeline, lane: number, pass: Uint8Array | null, { width, at, time }: Sums): void {
  const { spans, rowStart, laneRow, end } = timeline;
  const { from, to, state } = spans;
  const scale = (width - kInside) / end;
  const last = rowStart[laneRow[lane + 1]];
  for (let span = rowStart[laneRow[lane]]; span < last; ++span) {
    if (pass !== null && pass[span] === 0) continue;
    const base = at[state[span]];
    const x0 = from[span] * scale;
    const wide = (to[span] - from[span]) * scale;
    const first = x0 | 0;
    const here = Math.min(wide, first + 1 - x0);
    time[base + first] += here + kSpeck;
    if (wide < 2) {
      // Most are narrow. Which ones reach into the next pixel nobody can guess, a processor neither:
      // all add what they have there, and be it nothing.
      time[base + first + 1] += wide - here;
      continue;
    }
    const final = (x0 + wide - kInside) | 0; // what ends where a pixel begins is not in it
    for (let x = first + 1; x < final; ++x) time[base + x] += 1;
    time[base + final] += x0 + wide - final;
  }
}

const kInside = 1e-6; // pixels: keeps what ends with the timeline inside of the picture
const kSpeck = 1e-9; // what took no time is there all the same

function strongest({ width, states, at, time }: Sums, picture: Uint8Array, base: number): void {
  const most = new Float32Array(width);
  for (const state of states) {
    const begin = at[state];
    if (state === kLeaked || state === kLost) {
      for (let x = 0; x < width; ++x) if (time[begin + x] > 0) picture[base + x] = state + 1;
      continue;
    }
    for (let x = 0; x < width; ++x) {
      if (time[begin + x] <= most[x]) continue;
      picture[base + x] = state + 1;
      // Whatever else there is, is more than that a task exists.
      if (state !== kAlive) most[x] = time[begin + x];
    }
  }
}
