// Draws the lanes that are on the screen.

import type { Fitter } from '../canvas/fit.ts';
import { pattern } from '../canvas/pattern.ts';
import type { Surface } from '../canvas/surface.ts';
import type { Ink } from '../canvas/theme.ts';
import { type Camera, ticks } from './camera.ts';
import { firstAfter, rowOf } from './find.ts';
import type { Item } from './items.ts';
import type { Recorded } from './load.ts';
import { type Looks, bandOf, gutter, kAxis, kLane, looksOf } from './look.ts';
import { type Runs, layRow, makeRuns } from './runs.ts';
import { kAlive, kLeaked, kStates } from './states.ts';
import { laneName, objectName, spanName, timeText } from './words.ts';

export interface Scene {
  all: Recorded;
  items: Item[];
  pass: Uint8Array | null;
  camera: Camera;
  scroll: number;
  range: Camera | undefined;
  picked: number; // span, -1 = none
  hover: number;
  placeOf: Int32Array; // by lane
}

// What the last picture has: one row a box. No object each, there are tens of thousands.
export interface Drawn {
  count: number;
  span: Uint32Array; // the first one, of several
  several: Uint8Array;
  state: Uint8Array;
  x: Float32Array;
  y: Float32Array;
  width: Float32Array;
  height: Uint8Array;
}

export function makeDrawn(): Drawn {
  return { count: 0, ...columns(8192) };
}

function columns(room: number) {
  return {
    span: new Uint32Array(room),
    several: new Uint8Array(room),
    state: new Uint8Array(room),
    x: new Float32Array(room),
    y: new Float32Array(room),
    width: new Float32Array(room),
    height: new Uint8Array(room),
  };
}

function makeRoom(drawn: Drawn, more: number): void {
  if (drawn.count + more <= drawn.span.length) return;
  const larger = columns((drawn.count + more) * 2);
  for (const name of ['span', 'several', 'state', 'x', 'y', 'width', 'height'] as const) larger[name].set(drawn[name]);
  Object.assign(drawn, larger);
}

const kTick = 8; // pixels from one tick to the next
const kText = 34; // narrower spans have no text
const runs: Runs = makeRuns();

// For text in the small font of the spans, and in the one of the lanes' names.
export interface Fitters {
  spans: Fitter;
  lanes: Fitter;
}

export interface Plot {
  left: number;
  width: number; // of the spans' part
  first: number; // items on the screen
  last: number;
  x(time: number): number;
  y(place: number): number;
}

export function plotOf(surface: Surface, scene: Scene): Plot {
  const left = gutter(surface.width);
  const width = Math.max(surface.width - left, 1);
  const { from, to } = scene.camera;
  const scale = width / (to - from);
  const first = Math.max(0, Math.floor(scene.scroll / kLane));
  const last = Math.min(scene.items.length, Math.ceil((scene.scroll + surface.height - kAxis) / kLane));
  return {
    left,
    width,
    first,
    last,
    x: (time) => left + (time - from) * scale,
    y: (place) => kAxis + place * kLane - scene.scroll,
  };
}

export function paintLanes(surface: Surface, scene: Scene, ink: Ink, fitters: Fitters, drawn: Drawn): void {
  const { context, width, height } = surface;
  const looks = looksOf(ink.theme);
  const plot = plotOf(surface, scene);
  drawn.count = 0;
  context.fillStyle = ink.ground;
  context.fillRect(0, 0, width, height);
  context.textBaseline = 'middle';
  context.save();
  context.beginPath();
  context.rect(plot.left, kAxis, plot.width, height - kAxis);
  context.clip();
  grid(context, scene, plot, ink, height);
  losses(surface, scene, plot, looks);
  fillSpans(surface, scene, plot, looks, drawn);
  writeSpans(context, scene, plot, looks, ink, fitters.spans, drawn);
  points(context, scene, plot, ink);
  rangeOf(context, scene, plot, ink, height);
  outlines(context, scene, ink, drawn);
  context.restore();
  names(context, scene, plot, ink, fitters.lanes, width);
  axis(context, scene, plot, ink, width);
}

function grid(context: CanvasRenderingContext2D, scene: Scene, plot: Plot, ink: Ink, height: number): void {
  context.fillStyle = ink.line;
  context.globalAlpha = 0.5;
  for (const time of ticks(scene.camera, plot.width / 110)) context.fillRect(Math.round(plot.x(time)), kAxis, 1, height);
  context.globalAlpha = 1;
}

function losses(surface: Surface, scene: Scene, plot: Plot, looks: Looks): void {
  const { context, height, ratio } = surface;
  for (const { start: from, end: to } of scene.all.timeline.losses) {
    const x = plot.x(from);
    context.fillStyle = pattern('cross', looks.strokes, ratio);
    context.fillRect(x, kAxis, Math.max(plot.x(to) - x, 2), height);
  }
}

// Depth by depth, inner ones on top; of one colour one after the other.
function fillSpans(surface: Surface, scene: Scene, plot: Plot, looks: Looks, drawn: Drawn): void {
  for (let depth = 0; ; ++depth) {
    const first = drawn.count;
    if (!laySpans(scene, plot, depth, drawn)) return;
    const { height } = bandOf(depth);
    const { context, ratio } = surface;
    const seen = new Uint8Array(kStates.length);
    for (let at = first; at < drawn.count; ++at) seen[drawn.state[at]] = 1;
    for (let state = 0; state < kStates.length; ++state) {
      if (seen[state] === 0) continue;
      context.fillStyle = looks.fills[state]!;
      for (let at = first; at < drawn.count; ++at) {
        if (drawn.state[at] !== state) continue;
        const wide = drawn.width[at];
        context.fillRect(drawn.x[at], drawn.y[at], wide > 3 ? wide - 0.5 : wide, height);
      }
      const kind = looks.patterns[state]!;
      if (kind === 'none') continue;
      context.fillStyle = pattern(kind, looks.strokes, ratio);
      for (let at = first; at < drawn.count; ++at)
        if (drawn.state[at] === state && drawn.width[at] >= 6) context.fillRect(drawn.x[at], drawn.y[at], drawn.width[at], height);
    }
  }
}

// False: no lane on the screen is as deep.
function laySpans(scene: Scene, plot: Plot, depth: number, drawn: Drawn): boolean {
  const { spans, laneRow, rowStart } = scene.all.timeline;
  const band = bandOf(depth);
  let there = false;
  for (let place = plot.first; place < plot.last; ++place) {
    const { lane } = scene.items[place]!;
    if (lane < 0) continue;
    const row = laneRow[lane] + depth;
    if (row >= laneRow[lane + 1]) continue;
    there = true;
    layRow(spans, rowStart[row], rowStart[row + 1], scene.camera.from, scene.camera.to, plot.width, scene.pass, runs);
    makeRoom(drawn, runs.count);
    const y = plot.y(place) + band.top;
    for (let at = 0; at < runs.count; ++at) {
      const box = drawn.count++;
      drawn.span[box] = runs.span[at];
      drawn.several[box] = runs.several[at];
      drawn.state[box] = runs.state[at];
      drawn.x[box] = plot.left + runs.x[at];
      drawn.y[box] = y;
      drawn.width[box] = runs.width[at];
      drawn.height[box] = band.height;
    }
  }
  return there;
}

// Names inside of spans. A life has none: the lane's name says it.
function writeSpans(context: CanvasRenderingContext2D, scene: Scene, plot: Plot, looks: Looks, ink: Ink, fitter: Fitter, drawn: Drawn): void {
  const { all } = scene;
  const { state } = all.timeline.spans;
  context.font = ink.small;
  for (let box = 0; box < drawn.count; ++box) {
    const width = drawn.width[box];
    const height = drawn.height[box];
    const span = drawn.span[box];
    if (width < kText || drawn.several[box] === 1 || height < 13 || state[span] === kAlive) continue;
    const x = drawn.x[box];
    const y = drawn.y[box];
    const left = Math.max(x, plot.left); // of what is longer than the screen, the name stays on it
    const room = Math.min(x + width, plot.left + plot.width) - left - 8;
    const name = objectAndName(all, span);
    const text = fitter.cut(state[span] === kLeaked ? `LEAKED · ${name}` : name, room);
    if (text === '') continue;
    const wide = Math.min(fitter.width(text), room);
    if (covered(scene, plot, span, left, left + wide)) continue;
    if (looks.patterns[state[span]] !== 'none') {
      // A plain ground, or the pattern would run through the letters.
      context.fillStyle = looks.fills[state[span]]!;
      context.fillRect(left + 1, y + 1, wide + 6, height - 2);
    }
    context.fillStyle = looks.text;
    context.fillText(text, left + 4, y + height / 2 + 0.5);
  }
}

function objectAndName(all: Recorded, span: number): string {
  const object = objectName(all, span);
  const name = spanName(all, span);
  return object.startsWith(name) ? object : object ? `${name} ${object}` : name;
}

// Whether inner spans lie where the name would be.
function covered(scene: Scene, plot: Plot, span: number, left: number, right: number): boolean {
  const { timeline } = scene.all;
  const row = rowOf(timeline, span) + 1;
  if (timeline.rowLane[row] !== timeline.rowLane[row - 1]) return false;
  const time = (x: number) => scene.camera.from + ((x - plot.left) / plot.width) * (scene.camera.to - scene.camera.from);
  const end = timeline.rowStart[row + 1];
  const inner = firstAfter(timeline.spans.to, time(left), timeline.rowStart[row], end);
  return inner < end && timeline.spans.from[inner] < time(right);
}

// Ticks for what happened at one time; where they would touch, one stands for several.
function points(context: CanvasRenderingContext2D, scene: Scene, plot: Plot, ink: Ink): void {
  const { points: all } = scene.all.timeline;
  context.fillStyle = ink.text;
  for (let place = plot.first; place < plot.last; ++place) {
    const { lane } = scene.items[place]!;
    if (lane < 0) continue;
    const end = all.laneStart[lane + 1]!;
    let before = -kTick;
    const y = plot.y(place);
    for (let at = firstAfter(all.time, scene.camera.from, all.laneStart[lane]!, end); at < end && all.time[at] < scene.camera.to; ++at) {
      const x = Math.round(plot.x(all.time[at]));
      if (x < before + kTick) continue;
      before = x;
      context.beginPath();
      context.moveTo(x - 3, y);
      context.lineTo(x + 3.5, y);
      context.lineTo(x + 0.25, y + 5);
      context.fill();
    }
  }
}

function rangeOf(context: CanvasRenderingContext2D, scene: Scene, plot: Plot, ink: Ink, height: number): void {
  if (!scene.range) return;
  const x0 = plot.x(scene.range.from);
  const x1 = plot.x(scene.range.to);
  context.fillStyle = ink.ground;
  context.globalAlpha = 0.55;
  context.fillRect(plot.left, kAxis, Math.max(x0 - plot.left, 0), height);
  context.fillRect(x1, kAxis, plot.left + plot.width - x1, height);
  context.globalAlpha = 1;
  context.fillStyle = ink.accent;
  context.fillRect(x0 - 1, kAxis, 1.5, height);
  context.fillRect(x1, kAxis, 1.5, height);
}

function outlines(context: CanvasRenderingContext2D, scene: Scene, ink: Ink, drawn: Drawn): void {
  if (scene.picked < 0 && scene.hover < 0) return;
  for (let box = 0; box < drawn.count; ++box) {
    const current = drawn.span[box] === scene.picked;
    if (!current && drawn.span[box] !== scene.hover) continue;
    context.strokeStyle = current ? ink.accent : ink.text;
    context.lineWidth = current ? 2 : 1;
    context.strokeRect(drawn.x[box] + 0.5, drawn.y[box], Math.max(drawn.width[box] - 1, 2), drawn.height[box]);
  }
}

// The names on the left, and headings across.
function names(context: CanvasRenderingContext2D, scene: Scene, plot: Plot, ink: Ink, fitter: Fitter, width: number): void {
  const { lanes } = scene.all.timeline;
  const height = (plot.last - plot.first) * kLane;
  const top = plot.y(plot.first);
  context.fillStyle = ink.ground;
  context.fillRect(0, Math.max(top, kAxis), plot.left, height + kLane);
  for (let place = plot.first; place < plot.last; ++place) {
    const item = scene.items[place]!;
    const y = plot.y(place);
    if (item.lane < 0) {
      context.fillStyle = ink.raised;
      context.fillRect(0, y, width, kLane - 1);
      context.fillStyle = ink.text;
      context.font = `600 ${ink.small}`;
      context.fillText(`${item.folded ? '▸' : '▾'} ${item.group}  ×${item.lanes.length}`, 8, y + kLane / 2);
    } else {
      const inset = 10 + item.inset * 12;
      context.fillStyle = item.inset > 0 && lanes[item.lane]!.kind === 'locks' ? ink.quiet : ink.text;
      context.font = ink.font;
      context.fillText(fitter.name(laneName(scene.all, item.lane), plot.left - inset - 8), inset, y + kLane / 2);
    }
    context.fillStyle = ink.line;
    context.fillRect(0, y + kLane - 1, width, 1);
  }
  context.fillStyle = ink.line;
  context.fillRect(plot.left - 1, kAxis, 1, Math.max(0, top + height - kAxis));
}

function axis(context: CanvasRenderingContext2D, scene: Scene, plot: Plot, ink: Ink, width: number): void {
  context.fillStyle = ink.raised;
  context.fillRect(0, 0, width, kAxis);
  context.fillStyle = ink.line;
  context.fillRect(0, kAxis - 1, width, 1);
  context.font = ink.small;
  const times = ticks(scene.camera, plot.width / 110);
  const step = times.length > 1 ? times[1]! - times[0]! : scene.camera.to;
  for (const time of times) {
    const x = Math.round(plot.x(time));
    context.fillStyle = ink.line;
    context.fillRect(x, kAxis - 7, 1, 6);
    context.fillStyle = ink.quiet;
    context.fillText(timeText(time, step), x + 4, kAxis / 2);
  }
}
