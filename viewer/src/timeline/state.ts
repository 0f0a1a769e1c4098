// What the timeline shows: filters and the picked span in the URL, the camera too, a little later
// than it moves (browsers refuse hundreds of new URLs a second).

import { computed, effect, signal } from '@preact/signals';
import { parameter } from '../state/route.ts';
import { type Camera, keepInside } from './camera.ts';
import { library_group, type Timeline } from './data.ts';
import { type Shown, applyFilter } from './filter.ts';
import { rowOf } from './find.ts';
import { type Item, makeItems } from './items.ts';
import { type Recorded, recorded } from './load.ts';
import { type State, kStates } from './states.ts';

export const hidden_text = parameter('timeline.hide');
export const least_text = parameter('timeline.least', '0'); // ns
export const find_text = parameter('timeline.find');
export const as_table = parameter('timeline.table');
const picked_id = parameter('timeline.pick');
const camera_text = parameter('timeline.at');

export const now = computed<Recorded | undefined>(() => {
  const loaded = recorded().value;
  return loaded.state === 'ready' ? loaded.value : undefined;
});

export const hidden = computed(
  () => new Set(hidden_text.value.split(',').filter((one): one is State => kStates.includes(one as State))),
);
export const folded = signal<ReadonlySet<string>>(new Set([library_group]));

export const shown = computed<Shown>(() => {
  const all = now.value;
  if (!all) return { pass: null, lanes: null, spans: 0, of: 0 };
  const filter = { hidden: hidden.value, least: Number(least_text.value) || 0, text: find_text.value };
  return applyFilter(all.timeline, filter, all.strings, all.mentions);
});
export const items = computed<Item[]>(() => (now.value ? makeItems(now.value.timeline, shown.value.lanes, folded.value) : []));

// By lane, its place in items; -1 = not there.
export const placeOfLane = computed<Int32Array>(() => {
  const places = new Int32Array(now.value?.timeline.lanes.length ?? 0).fill(-1);
  items.value.forEach((item, at) => {
    if (item.lane >= 0) places[item.lane] = at;
    else if (item.folded) for (const lane of item.lanes) places[lane] = at;
  });
  return places;
});

// How many lanes stand above each item, and at the end all of them: headings have no row in the minimap.
export const lanesAbove = computed<Uint32Array>(() => {
  const above = new Uint32Array(items.value.length + 1);
  items.value.forEach((item, at) => {
    above[at + 1] = above[at] + (item.lane >= 0 ? 1 : item.folded ? item.lanes.length : 0);
  });
  return above;
});

// All lanes that are listed, in their order, also those of folded groups.
export const order = computed<number[]>(() => items.value.flatMap((item) => (item.lane >= 0 ? [item.lane] : item.folded ? item.lanes : [])));

export const camera = signal<Camera>({ from: 0, to: 1 });
let timer: ReturnType<typeof setTimeout> | undefined;
let written = '';

export function look(next: Camera): void {
  const end = now.peek()?.timeline.end ?? 1;
  camera.value = keepInside(next, end);
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { from, to } = camera.peek();
    written = from <= 0 && to >= end ? '' : `${Math.round(from)}-${Math.round(to)}`;
    camera_text.set(written);
  }, 250);
}

// A link, or Back: somebody else wrote the URL. Returns how to end it.
export function followCamera(): () => void {
  let of: Recorded | undefined;
  return effect(() => {
    const all = now.value;
    const text = camera_text.value;
    if (!all || (text === written && all === of)) return;
    of = all;
    written = text;
    const [from = Number.NaN, to = Number.NaN] = text.split('-').map(Number);
    const { end } = all.timeline;
    camera.value = from < to ? keepInside({ from, to }, end) : { from: 0, to: end };
  });
}

// A span's id outlives the file: its lane, how deep it is, when it began.
export function spanId(timeline: Timeline, span: number): string {
  const row = rowOf(timeline, span);
  const lane = timeline.rowLane[row];
  return `${timeline.lanes[lane].id}@${row - timeline.laneRow[lane]}@${timeline.spans.from[span]}`;
}

export function findSpan(timeline: Timeline, id: string): number {
  const [time, depth, ...name] = id.split('@').reverse();
  const lane = timeline.lanes.findIndex((one) => one.id === name.reverse().join('@'));
  if (lane < 0) return -1;
  const row = timeline.laneRow[lane] + Number(depth);
  if (!(row < timeline.laneRow[lane + 1])) return -1;
  const wanted = Number(time);
  for (let span = timeline.rowStart[row]; span < timeline.rowStart[row + 1]; ++span)
    if (timeline.spans.from[span] === wanted) return span;
  return -1;
}

export const picked = computed(() => (now.value && picked_id.value ? findSpan(now.value.timeline, picked_id.value) : -1));

export function pick(span: number): void {
  const timeline = now.peek()?.timeline;
  picked_id.set(timeline && span >= 0 ? spanId(timeline, span) : '');
}
