// A profile of a range of time. The recorded ones were summed up without times; the timeline knows what
// tasks waited for, when, and with which stack.
import type { ProfileMeta } from '../model/meta.ts';
import { range } from '../state/selection.ts';
import { type Recorded } from '../timeline/load.ts';
import { kAlive } from '../timeline/states.ts';
import type { Frames } from './frames.ts';
import type { Profile } from './tree.ts';
import { shape } from './trie.ts';

export const in_range: ProfileMeta = {
  section: 'in-range', type: 'in the range', shown: 0, total: [],
  value_types: [{ type: 'time', unit: 'nanoseconds' }, { type: 'spans', unit: 'count' }],
  comments: ['What tasks did and waited for in the chosen range, by the timeline.'],
};

interface Node {
  frame: number;
  below: Map<number, Node>;
  time: number;
  spans: number;
}

const node = (frame: number): Node => ({ frame, below: new Map(), time: 0, spans: 0 });

// Without a range: of all of the time.
export function profileInRange({ timeline, rows }: Recorded, frames: Frames): Profile {
  const { spans, lanes, laneRow, rowStart } = timeline;
  const { from, to } = range.value ?? { from: 0, to: timeline.end };
  const by_stack = new Map<number, { time: number; spans: number }>();
  for (let lane = 0; lane < lanes.length; ++lane) {
    if (lanes[lane].kind === 'locks') continue;
    const end = rowStart[laneRow[lane + 1]];
    for (let span = rowStart[laneRow[lane]]; span < end; ++span) {
      const time = Math.min(spans.to[span], to) - Math.max(spans.from[span], from);
      if (time <= 0 || spans.state[span] === kAlive || spans.stack[span] === 0) continue;
      const known = by_stack.get(spans.stack[span]);
      if (!known) by_stack.set(spans.stack[span], { time, spans: 1 });
      else {
        known.time += time;
        ++known.spans;
      }
    }
  }
  const root = node(0);
  for (const [stack, sum] of by_stack) {
    let at = root;
    const path = rows(stack);
    for (let i = path.length - 1; i >= 0; --i) {
      let next = at.below.get(path[i]);
      if (!next) at.below.set(path[i], (next = node(path[i])));
      at = next;
    }
    at.time += sum.time;
    at.spans += sum.spans;
  }
  const depth: number[] = [];
  const frame: number[] = [];
  const time: number[] = [];
  const count: number[] = [];
  for (const open: [Node, number][] = [[root, 0]]; open.length > 0; ) {
    const [now, level] = open.pop()!;
    depth.push(level);
    frame.push(now.frame);
    time.push(now.time);
    count.push(now.spans);
    for (const next of now.below.values()) open.push([next, level + 1]);
  }
  return {
    type: in_range.type, values: in_range.value_types, frames, bases: [],
    shape: shape(Uint16Array.from(depth), Uint32Array.from(frame)), selves: [Float64Array.from(time), Float64Array.from(count)],
  };
}
