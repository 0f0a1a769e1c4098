// Which spans are shown: by state, by how long they took, by words.

import type { Timeline } from './data.ts';
import { kAlive, kStates, type State } from './states.ts';

export interface Filter {
  hidden: ReadonlySet<State>;
  least: number; // ns
  text: string;
}

export interface Shown {
  pass: Uint8Array | null; // by span; null: all
  lanes: Uint8Array | null; // lanes with something to show
  spans: number; // how many pass, lives not counted
  of: number;
}

// `objects`: names of what is waited for; `mentions`: whether a stack has the text.
export function applyFilter(
  timeline: Timeline,
  filter: Filter,
  objects: readonly string[],
  mentions: (stack: number, text: string) => boolean,
): Shown {
  const text = filter.text.trim().toLowerCase();
  const { spans, lanes } = timeline;
  if (filter.hidden.size === 0 && filter.least <= 0 && text === '')
    return { pass: null, lanes: null, spans: spans.count, of: spans.count };
  const states = Uint8Array.from(kStates, (state) => (filter.hidden.has(state) ? 0 : 1));
  const names = Uint8Array.from(timeline.names, (name) => (name.toLowerCase().includes(text) ? 1 : 0));
  const objectHas = remember((object) => (objects[object] ?? '').toLowerCase().includes(text));
  const stackHas = remember((stack) => mentions(stack, text));
  const laneNamed = Uint8Array.from(lanes, (lane) => (lane.name.toLowerCase().includes(text) || lane.group.toLowerCase().includes(text) ? 1 : 0));
  const pass = new Uint8Array(spans.count);
  const kept = new Uint8Array(lanes.length);
  let count = 0;
  let all = 0;
  for (let lane = 0; lane < lanes.length; ++lane) {
    const named = laneNamed[lane] === 1;
    const begin = timeline.rowStart[timeline.laneRow[lane]];
    const end = timeline.rowStart[timeline.laneRow[lane + 1]];
    for (let span = begin; span < end; ++span) {
      const state = spans.state[span];
      // A life is the ground that the others stand on: it stays. It keeps its lane only where nothing
      // but words is asked for.
      const ground = state === kAlive;
      if (!ground) ++all;
      if (states[state] === 0) continue;
      if (!ground && spans.to[span] - spans.from[span] < filter.least) continue;
      const meant =
        named || (spans.holder[span] >= 0 && laneNamed[spans.holder[span]] === 1) || names[spans.name[span]] === 1 || objectHas(spans.object[span]) || stackHas(spans.stack[span]);
      if (!meant && !ground) continue;
      pass[span] = 1;
      if (ground && !(meant && filter.least <= 0)) continue;
      if (!ground) ++count;
      kept[lane] = 1;
    }
  }
  return { pass, lanes: kept, spans: count, of: all };
}

// Asked a million times, of a few thousand ids.
function remember(ask: (id: number) => boolean): (id: number) => boolean {
  const known: (boolean | undefined)[] = [false];
  return (id) => (known[id] ??= ask(id));
}
