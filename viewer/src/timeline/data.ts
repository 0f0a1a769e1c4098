// The section `timeline`, made ready to draw: spans in rows (one a lane and depth) where none
// overlaps its neighbour, so that the first one on the screen is found by halving.

import { type Columns, column } from '../bundle/columns.ts';
import { BundleProblem } from '../bundle/problem.ts';
import { ofLibrary } from '../model/words.ts';
import { kAlive, kLeaked, kStates, statesOfNames } from './states.ts';

export interface Lane {
  id: string;
  task: string; // as tasks are selected elsewhere: "thread:3"
  parent: string; // id of the lane that this one belongs to, of none where there is no such id
  kind: string; // thread, coroutine, fiber, locks
  tid: number;
  name: string;
  group: string; // lanes with one group stand below one heading
}

export interface Counter {
  name: string;
  unit: string;
  t: number[];
  v: number[];
}

export interface Spans {
  count: number;
  from: Float64Array; // ns since the timeline began
  to: Float64Array;
  state: Uint8Array;
  name: Uint16Array;
  stack: Uint32Array;
  object: Uint32Array; // into the bundle's strings
  holder: Int32Array; // lane, -1 = not known
  open: Uint8Array; // 1 = it had not ended
}

export interface Points {
  count: number;
  laneStart: Uint32Array;
  lane: Uint32Array;
  time: Float64Array;
  name: Uint16Array;
  stack: Uint32Array;
  flow: Uint32Array;
  kind: Uint8Array; // 1 = an arrow begins here, 2 = one ends here
}

export interface Timeline {
  end: number; // ns; it begins at 0
  lanes: Lane[];
  names: string[];
  laneRow: Uint32Array; // rows of lane l: laneRow[l] .. laneRow[l + 1]
  rowStart: Uint32Array; // spans of row r
  rowLane: Uint32Array;
  spans: Spans;
  points: Points;
  counters: Counter[];
  losses: Loss[];
}

// From when to when something is missing, and what.
interface Loss {
  start: number;
  end: number;
  name: string;
}

const kEscape = 0xffffffff;
const kOpen = 1;
const kLeakedFlag = 2;

export function readTimeline(section: Columns): Timeline {
  const lanes = laneList(section.extra.lanes);
  const names = list<string>(section.extra.names, 'names');
  const laneStart = column(section, 'lane_start', Uint32Array);
  const depth = column(section, 'depth', Uint8Array);
  check(laneStart, lanes.length, depth.length);
  const rows = makeRows(laneStart, depth);
  const told = Number(section.extra.end_ns ?? 0) - Number(section.extra.start_ns ?? 0);
  const end = told >= 1 ? told : 1;
  const spans = readSpans(section, lanes, names, laneStart, rows, end);
  return {
    end,
    lanes,
    names,
    ...rows,
    spans,
    points: readPoints(section, lanes.length),
    counters: list<Counter>(section.extra.counters ?? [], 'counters'),
    losses: list<Partial<Loss>>(section.extra.losses ?? [], 'losses').map(({ start, end, name }) => ({
      start: Number(start ?? 0),
      end: Number(end ?? start ?? 0),
      name: String(name ?? 'something is missing'),
    })),
  };
}

function list<T>(value: unknown, name: string): T[] {
  if (!Array.isArray(value)) throw new BundleProblem(`its header has no list of ${name}`);
  return value as T[];
}

// Coroutines that a library made to wait for its own operations: several stand below each of the program's.
export const library_group = 'coroutines of libraries';

function laneList(value: unknown): Lane[] {
  return list<Partial<Lane>>(value, 'lanes').map((lane, at) => ({
    id: String(lane.id ?? `lane ${at}`),
    task: taskOf(lane, at),
    parent: String(lane.parent ?? ''),
    kind: lane.kind ?? 'thread',
    tid: lane.tid ?? 0,
    name: lane.name ?? `lane ${at}`,
    group: (lane.kind === 'coroutine' && ofLibrary(lane.name ?? '') ? library_group : lane.group) ?? '',
  }));
}

// The command numbers lanes of all kinds in one row: what is above 2^33 is the kind.
const kLaneKinds = 2 ** 33;

function taskOf(lane: Partial<Lane>, at: number): string {
  const id = Number(lane.id ?? at);
  return Number.isFinite(id) ? `${lane.kind ?? 'thread'}:${id % kLaneKinds}` : String(lane.id);
}

function check(laneStart: Uint32Array, lanes: number, spans: number): void {
  if (laneStart.length !== lanes + 1 || laneStart[lanes] !== spans)
    throw new BundleProblem(`column "lane_start" does not fit ${lanes} lanes with ${spans} spans`);
  for (let lane = 0; lane < lanes; ++lane)
    if (laneStart[lane] > laneStart[lane + 1])
      throw new BundleProblem(`column "lane_start" goes back at lane ${lane}`);
}

type Rows = Pick<Timeline, 'laneRow' | 'rowStart' | 'rowLane'>;

function makeRows(laneStart: Uint32Array, depth: Uint8Array): Rows {
  const lanes = laneStart.length - 1;
  const laneRow = new Uint32Array(lanes + 1);
  for (let lane = 0; lane < lanes; ++lane) {
    let deepest = 0;
    for (let span = laneStart[lane]; span < laneStart[lane + 1]; ++span)
      if (depth[span] > deepest) deepest = depth[span];
    laneRow[lane + 1] = laneRow[lane] + deepest + 1;
  }
  const rows = laneRow[lanes];
  const rowStart = new Uint32Array(rows + 1);
  const rowLane = new Uint32Array(rows);
  for (let lane = 0; lane < lanes; ++lane) {
    rowLane.fill(lane, laneRow[lane], laneRow[lane + 1]);
    for (let span = laneStart[lane]; span < laneStart[lane + 1]; ++span)
      ++rowStart[laneRow[lane] + depth[span] + 1];
  }
  for (let row = 0; row < rows; ++row) rowStart[row + 1] += rowStart[row];
  return { laneRow, rowStart, rowLane };
}

function readSpans(section: Columns, lanes: Lane[], names: string[], laneStart: Uint32Array, rows: Rows, end: number): Spans {
  const gap = column(section, 'gap', Uint32Array);
  const duration = column(section, 'duration', Uint32Array);
  const depth = column(section, 'depth', Uint8Array);
  const escape = column(section, 'escape', Float64Array);
  const name = column(section, 'name', Uint16Array);
  const stack = column(section, 'stack', Uint32Array);
  const object = column(section, 'object', Uint32Array);
  const holder = column(section, 'holder', Int32Array);
  const flags = column(section, 'flags', Uint8Array);
  const count = depth.length;
  for (const one of [gap, duration, name, stack, object, holder, flags])
    if (one.length !== count) throw new BundleProblem(`a column has ${one.length} rows where ${count} spans are`);
  const states = statesOfNames(names);
  const holds = kStates.indexOf('holds');
  const spans = room(count);
  const next = rows.rowStart.slice();
  let escaped = 0;
  for (let lane = 0; lane < lanes.length; ++lane) {
    const locks = lanes[lane].kind === 'locks';
    const first = rows.laneRow[lane];
    let time = 0;
    for (let span = laneStart[lane]; span < laneStart[lane + 1]; ++span) {
      time += gap[span] === kEscape ? escape[escaped++] : gap[span];
      const wide = duration[span] === kEscape ? escape[escaped++] : duration[span];
      const level = depth[span];
      const to = next[first + level]++;
      // Nothing goes on after the end, whatever a damaged file says.
      spans.from[to] = Math.min(time, end);
      spans.to[to] = Math.min(time + wide, end);
      spans.name[to] = name[span];
      spans.stack[to] = stack[span];
      spans.object[to] = object[span];
      spans.holder[to] = holder[span] < lanes.length ? holder[span] : -1;
      spans.open[to] = flags[span] & kOpen;
      spans.state[to] =
        (flags[span] & kLeakedFlag) !== 0 ? kLeaked : locks ? holds : stateAt(states, name[span], level);
    }
    blame(spans, rows, lane, end);
  }
  if (escaped > escape.length) throw new BundleProblem('column "escape" is too short');
  return spans;
}

// A task that leaked is marked as a whole: its life. Where it is stuck in something until the end,
// that is what is shown as leaked, and its life before is shown as it was.
function blame(spans: Spans, { laneRow, rowStart }: Rows, lane: number, end: number): void {
  const row = laneRow[lane];
  const life = rowStart[row];
  if (row + 1 >= laneRow[lane + 1] || life === rowStart[row + 1] || spans.state[life] !== kLeaked) return;
  const stuck = rowStart[row + 2] - 1;
  if (stuck < rowStart[row + 1] || spans.to[stuck] < end) return;
  spans.state[stuck] = kLeaked;
  spans.state[life] = kAlive;
}

const kOther = kStates.indexOf('other');

// The outermost span of a task is its life; what nobody named further is life too.
function stateAt(states: Uint8Array, name: number, level: number): number {
  const state = states[name] ?? kOther;
  return level === 0 && state === kOther ? kAlive : state;
}

function room(count: number): Spans {
  return {
    count,
    from: new Float64Array(count),
    to: new Float64Array(count),
    state: new Uint8Array(count),
    name: new Uint16Array(count),
    stack: new Uint32Array(count),
    object: new Uint32Array(count),
    holder: new Int32Array(count),
    open: new Uint8Array(count),
  };
}

// By lane, then by time; the bundle need not have them so.
function readPoints(section: Columns, lanes: number): Points {
  const lane = column(section, 'p_lane', Uint32Array);
  const time = column(section, 'p_time', Float64Array);
  const count = lane.length;
  for (const name of ['p_time', 'p_name', 'p_stack', 'p_flow', 'p_kind'])
    if (section.columns[name]?.length !== count)
      throw new BundleProblem(`column "${name}" does not fit ${count} points`);
  const order = Uint32Array.from({ length: count }, (_, at) => at).filter((at) => lane[at] < lanes);
  order.sort((a, b) => lane[a] - lane[b] || time[a] - time[b]);
  const laneStart = new Uint32Array(lanes + 1);
  for (const at of order) ++laneStart[lane[at] + 1];
  for (let at = 0; at < lanes; ++at) laneStart[at + 1] += laneStart[at];
  const take = <T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: T, into: T): T => {
    order.forEach((row, at) => {
      into[at] = from[row];
    });
    return into;
  };
  const kept = order.length;
  return {
    count: kept,
    laneStart,
    lane: take(lane, new Uint32Array(kept)),
    time: take(time, new Float64Array(kept)),
    name: take(column(section, 'p_name', Uint16Array), new Uint16Array(kept)),
    stack: take(column(section, 'p_stack', Uint32Array), new Uint32Array(kept)),
    flow: take(column(section, 'p_flow', Uint32Array), new Uint32Array(kept)),
    kind: take(column(section, 'p_kind', Uint8Array), new Uint8Array(kept)),
  };
}
