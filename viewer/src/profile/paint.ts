// Draws the boxes of a flame graph.

import type { Fitter } from '../canvas/fit.ts';
import { pattern } from '../canvas/pattern.ts';
import type { Surface } from '../canvas/surface.ts';
import type { Ink } from '../canvas/theme.ts';
import { type Boxes, kRest } from './boxes.ts';
import { type Paint, diffPaint } from './colors.ts';
import { kMark } from './frames.ts';
import type { Hits } from './search.ts';
import type { Tree } from './tree.ts';

export const kRow = 20;
const kTextFrom = 26; // narrower boxes have no text
const kGap = 1;

export interface Scene {
  tree: Tree;
  root: string; // the name of row 0
  name(frame: number): string;
  flags: Uint8Array;
  fill: Uint8Array; // by frame, into paint.fills
  hits: Hits | null;
  cursor: number; // node, -1 = none
  hover: number; // box, -1 = none
  zoomed: number; // node: what is above it is drawn flat
  y(level: number): number;
}

export function paintFlame(surface: Surface, boxes: Boxes, scene: Scene, paint: Paint, ink: Ink, fitter: Fitter): void {
  const { context, width, height } = surface;
  context.fillStyle = ink.ground;
  context.fillRect(0, 0, width, height);
  fillBoxes(surface, boxes, scene, paint);
  writeNames(context, boxes, scene, paint, ink, fitter);
  outline(context, boxes, scene, ink);
}

// Boxes of one colour one after the other: to change a fill style is dear, a rectangle is not.
function fillBoxes(surface: Surface, boxes: Boxes, scene: Scene, paint: Paint): void {
  const byColor = new Map<string, number[]>();
  const hatched: number[] = [];
  for (let at = 0; at < boxes.count; ++at) {
    const color = colorOf(boxes, at, scene, paint);
    const same = byColor.get(color);
    if (same) same.push(at);
    else byColor.set(color, [at]);
    if (scene.tree.before && boxes.node[at] !== kRest && isOneSided(scene.tree, boxes.node[at])) hatched.push(at);
  }
  const { context, ratio } = surface;
  for (const [color, list] of byColor) {
    context.fillStyle = color;
    for (const at of list) fill(context, boxes, at, scene);
  }
  for (const at of hatched) {
    const gone = scene.tree.after.total[boxes.node[at]] === 0;
    context.fillStyle = pattern(gone ? 'falling' : 'rising', paint.hatch, ratio);
    fill(context, boxes, at, scene);
  }
}

function fill(context: CanvasRenderingContext2D, boxes: Boxes, at: number, scene: Scene): void {
  const wide = boxes.width[at];
  context.fillRect(boxes.x[at], scene.y(boxes.level[at]), wide > 3 ? wide - kGap : wide, kRow - kGap);
}

function isOneSided(tree: Tree, node: number): boolean {
  return (tree.after.total[node] === 0) !== (tree.before!.total[node] === 0);
}

function colorOf(boxes: Boxes, at: number, scene: Scene, paint: Paint): string {
  const node = boxes.node[at];
  const { tree, hits } = scene;
  if (node === kRest) return hits ? paint.dimmed : paint.rest;
  const frame = tree.shape.frame[node];
  if (hits && hits.frames[frame] === 0) return paint.dimmed;
  if (node === 0) return paint.root;
  if (hits && !tree.before) return paint.hit;
  if (tree.before) return diffPaint(paint, tree.after.total[node], tree.before.total[node]);
  return paint.fills[scene.fill[frame]];
}

function writeNames(
  context: CanvasRenderingContext2D,
  boxes: Boxes,
  scene: Scene,
  paint: Paint,
  ink: Ink,
  fitter: Fitter,
): void {
  context.textBaseline = 'middle';
  context.font = ink.font;
  const { tree, hits, flags, zoomed } = scene;
  for (let at = 0; at < boxes.count; ++at) {
    const node = boxes.node[at];
    const room = boxes.width[at] - 8;
    if (node === kRest || room < kTextFrom - 8) continue;
    const frame = tree.shape.frame[node];
    const full = node === 0 ? scene.root : scene.name(frame);
    const sign = tree.before && node !== 0 ? signOf(tree, node) : '';
    const text = sign + fitter.name(full, room - (sign ? fitter.width(sign) : 0));
    if (text === sign) continue;
    const dimmed = hits !== null && hits.frames[frame] === 0;
    context.fillStyle = dimmed ? ink.quiet : paint.text;
    const mark = (flags[frame] & kMark) !== 0;
    if (mark) context.font = ink.italic;
    context.globalAlpha = node !== zoomed && isAbove(tree, node, zoomed) ? 0.75 : 1;
    context.fillText(text, boxes.x[at] + 4, scene.y(boxes.level[at]) + kRow / 2);
    if (mark) context.font = ink.font;
  }
  context.globalAlpha = 1;
}

function isAbove(tree: Tree, node: number, zoomed: number): boolean {
  return node < zoomed && zoomed < tree.shape.end[node];
}

// Letters beside the colours: N = new, G = gone.
function signOf(tree: Tree, node: number): string {
  const after = tree.after.total[node];
  const before = tree.before!.total[node];
  if (before === 0 && after !== 0) return 'N ';
  if (after === 0 && before !== 0) return 'G ';
  return after > before ? '+ ' : after < before ? '− ' : '';
}

function outline(context: CanvasRenderingContext2D, boxes: Boxes, scene: Scene, ink: Ink): void {
  for (let at = 0; at < boxes.count; ++at) {
    const node = boxes.node[at];
    const current = node !== kRest && node === scene.cursor;
    if (!current && at !== scene.hover) continue;
    const y = scene.y(boxes.level[at]);
    const wide = Math.max(boxes.width[at] - kGap, 2);
    if (!current) {
      context.globalAlpha = 0.12;
      context.fillStyle = ink.text;
      context.fillRect(boxes.x[at], y, wide, kRow - kGap);
      context.globalAlpha = 1;
    }
    context.strokeStyle = current ? ink.accent : ink.text;
    context.lineWidth = current ? 2 : 1;
    context.strokeRect(boxes.x[at] + 0.5, y + 0.5, Math.max(wide - 1, 1), kRow - kGap - 1);
  }
}
