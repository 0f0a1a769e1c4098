// What of a row is on the screen: spans at least a pixel wide one by one; of the narrower ones, one
// pixel for all that begin in it, found by skipping and not by looking at each.

import { firstAfter } from './find.ts';
import type { Spans } from './data.ts';

export interface Runs {
  count: number;
  span: Uint32Array; // the first one, of several
  several: Uint8Array; // 1: each of them narrower than a pixel
  x: Float64Array;
  width: Float64Array;
  state: Uint8Array;
}

export function makeRuns(): Runs {
  return { count: 0, ...columns(1024) };
}

function columns(room: number) {
  return {
    span: new Uint32Array(room),
    several: new Uint8Array(room),
    x: new Float64Array(room),
    width: new Float64Array(room),
    state: new Uint8Array(room),
  };
}

function add(runs: Runs, span: number, several: number, x: number, width: number, state: number): void {
  if (runs.count === runs.span.length) {
    const larger = columns(runs.count * 2);
    larger.span.set(runs.span);
    larger.several.set(runs.several);
    larger.x.set(runs.x);
    larger.width.set(runs.width);
    larger.state.set(runs.state);
    Object.assign(runs, larger);
  }
  const at = runs.count++;
  runs.span[at] = span;
  runs.several[at] = several;
  runs.x[at] = x;
  runs.width[at] = width;
  runs.state[at] = state;
}

const kLooks = 8; // spans of one pixel whose states are compared

// Spans [begin, end) of one row between two times, on `width` pixels.
export function layRow(
  spans: Spans,
  begin: number,
  end: number,
  from: number,
  to: number,
  width: number,
  pass: Uint8Array | null,
  runs: Runs,
): void {
  runs.count = 0;
  const scale = width / (to - from);
  for (let span = firstAfter(spans.to, from, begin, end); span < end && spans.from[span] < to; ) {
    if (pass !== null && pass[span] === 0) {
      ++span;
      continue;
    }
    const x = (spans.from[span] - from) * scale;
    const wide = (spans.to[span] - spans.from[span]) * scale;
    if (wide >= 1) {
      // Far outside of the screen, canvases lose precision.
      const left = Math.max(x, -8);
      add(runs, span, 0, left, Math.min(x + wide, width + 8) - left, spans.state[span]);
      ++span;
      continue;
    }
    const pixel = Math.max(Math.floor(x), 0);
    const until = from + (pixel + 1) / scale;
    const next = Math.max(firstAfter(spans.to, until, span + 1, end), span + 1);
    let state = spans.state[span];
    const looks = Math.min(next, span + kLooks);
    for (let other = span + 1; other < looks; ++other) {
      if (pass !== null && pass[other] === 0) continue;
      if (spans.state[other] > state) state = spans.state[other];
    }
    const last = runs.count - 1;
    // Neighbouring pixels of one state are one box.
    if (last >= 0 && runs.several[last] === 1 && runs.state[last] === state && runs.x[last] + runs.width[last] === pixel) ++runs.width[last];
    else add(runs, span, 1, pixel, 1, state);
    span = next;
  }
}
