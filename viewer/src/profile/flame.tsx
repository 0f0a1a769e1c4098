// The flame graph: a canvas as large as its place, with a scroll of its own, and beside it a tree of
// elements that says the same. Root on top (icicle) or at the bottom (flame).

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Fitter, makeFitter } from '../canvas/fit.ts';
import { type Timing, expose, timed } from '../canvas/hook.ts';
import { ink } from '../canvas/ink.ts';
import { type Surface, makeSurface } from '../canvas/surface.ts';
import { placeTip } from '../canvas/tip.ts';
import { shortName } from '../model/words.ts';
import { full_names } from '../state/settings.ts';
import { amount } from '../canvas/units.ts';
import { type Boxes, boxAt, kRest, layOut, makeBoxes } from './boxes.ts';
import { fillIndex, paintOf } from './colors.ts';
import { type Frames, functionName } from './frames.ts';
import { kRow, paintFlame } from './paint.ts';
import type { Hits } from './search.ts';
import { Tip } from './tip.tsx';
import type { Tree } from './tree.ts';
import { Twin, twinId } from './twin.tsx';
import { type Step, contains, deepestBelow, step } from './walk.ts';

interface FlameProps {
  id: string;
  label: string;
  tree: Tree;
  frames: Frames;
  unit: string;
  hits: Hits | null;
  upwards: boolean;
  zoomed: number;
  cursor: number;
  onZoom(node: number): void;
  onCursor(node: number): void;
  onKey?(key: string, node: number): boolean;
  root?: string; // what row 0 is called
}

// All that lives as long as the canvas and is no business of the page.
interface Live extends Timing {
  surface: Surface | null;
  boxes: Boxes;
  scroll: number;
  hover: number;
  fitter: Fitter | null;
  props: FlameProps;
  fill: { of: Frames; index: Uint8Array; names: Map<number, string>; full: boolean } | null;
}

export function Flame(props: FlameProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState(-1); // box; its node is told by the last picture
  const live = useRef<Live>({ surface: null, boxes: makeBoxes(), scroll: 0, hover: -1, ms: 0, first: 0, fitter: null, props, fill: null }).current;
  live.props = props;
  const { tree, frames, zoomed, cursor, upwards } = props;
  const colors = ink();
  const names = full_names.value;

  useEffect(() => {
    live.surface = makeSurface(canvas.current!, (surface) => timed(live, () => draw(live, surface)));
    expose(box.current!, live, () => drawn(live));
    return () => live.surface?.drop();
  }, []);
  useLayoutEffect(() => {
    live.scroll = 0;
    hover(-1);
  }, [tree, upwards]);
  useLayoutEffect(() => reveal(live, zoomed), [zoomed, tree]);
  useEffect(() => live.surface?.ask(), [tree, props.hits, zoomed, cursor, upwards, colors, names, hovered]);

  const hover = (at: number) => {
    live.hover = at;
    setHovered(at);
  };
  const at = (event: MouseEvent): number => {
    const place = canvas.current!.getBoundingClientRect();
    const y = event.clientY - place.top;
    return boxAt(live.boxes, event.clientX - place.left, levelAt(live, y));
  };
  const onMove = (event: PointerEvent) => {
    if (event.pointerType === 'touch') {
      if (event.buttons) scrollBy(live, -event.movementY);
      return;
    }
    const found = at(event);
    if (found !== live.hover) hover(found);
    if (found >= 0) placeTip(tip.current, box.current!, event);
  };
  const onClick = (event: MouseEvent) => {
    const found = at(event);
    if (found < 0 || live.boxes.node[found] === kRest) return;
    const node = live.boxes.node[found];
    props.onCursor(node);
    props.onZoom(node);
    hover(-1);
  };
  const onWheel = (event: WheelEvent) => {
    if (event.ctrlKey || !scrollBy(live, event.deltaY)) return;
    event.preventDefault();
    hover(-1);
  };
  useEffect(() => {
    const element = box.current!;
    // Not passive: the page would scroll with it.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  const go = (node: number) => {
    props.onCursor(node);
    const { shape, weights } = tree;
    // What is outside of the picture, or too narrow in it, comes into it.
    const wide = (weights.total[node] / weights.total[zoomed]) * (live.surface?.width ?? 1);
    const above = contains(shape, node, zoomed);
    if (!above && (!contains(shape, zoomed, node) || wide < 1)) props.onZoom(shape.parent[node]);
    reveal(live, node);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = cursor >= 0 ? cursor : zoomed;
    const steps: Record<string, Step> = {
      ArrowDown: upwards ? 'out' : 'in',
      ArrowUp: upwards ? 'in' : 'out',
      ArrowLeft: 'before',
      ArrowRight: 'after',
    };
    const to = steps[event.key];
    if (to) go(step(tree.shape, tree.weights, node, to));
    else if (event.key === 'Home') go(0);
    else if (event.key === 'Enter' || event.key === ' ') props.onZoom(node);
    else if (event.key === 'PageDown' || event.key === 'PageUp')
      scrollBy(live, (event.key === 'PageDown' ? 1 : -1) * (upwards ? -1 : 1) * 0.8 * (live.surface?.height ?? 0));
    else if (!props.onKey?.(event.key, node)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  const node = hovered >= 0 ? live.boxes.node[hovered] : -1;
  return (
    <div
      class="flame"
      ref={box}
      role="tree"
      tabIndex={0}
      aria-label={props.label}
      aria-activedescendant={cursor >= 0 ? twinId(props.id, cursor) : undefined}
      onKeyDown={onKeyDown}
      onFocus={() => cursor < 0 && props.onCursor(zoomed)}
      onPointerMove={onMove}
      onPointerLeave={() => hover(-1)}
      onClick={onClick}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <Twin id={props.id} tree={tree} cursor={cursor} unit={props.unit} name={(one) => (one === 0 ? 'all' : functionName(frames, tree.shape.frame[one]))} />
      <div ref={tip} class="tip" aria-hidden="true" hidden={node < 0}>
        {node === kRest && <span>Several, each narrower than a pixel: {restText(live, hovered)}. Zoom in to see them.</span>}
        {node >= 0 && node !== kRest && node < tree.shape.count && <Tip tree={tree} frames={frames} node={node} zoomed={zoomed} unit={props.unit} />}
      </div>
    </div>
  );
}

function restText(live: Live, box: number): string {
  return amount(live.boxes.weight[box], live.props.unit);
}

function draw(live: Live, surface: Surface): void {
  const { tree, frames, hits, cursor, zoomed, upwards } = live.props;
  const { height, width, context } = surface;
  const colors = ink();
  const rows = Math.ceil(height / kRow) + 1;
  const firstLevel = Math.max(0, Math.floor(live.scroll / kRow));
  layOut(tree.shape, tree.weights, { focus: zoomed, width, firstLevel, lastLevel: firstLevel + rows }, live.boxes);
  live.fitter ??= makeFitter(context, colors.font);
  const full = full_names.peek() === 'full';
  if (live.fill?.of !== frames || live.fill.full !== full)
    live.fill = { of: frames, index: fillIndex(frames), names: new Map(), full };
  const { names } = live.fill;
  const y = upwards
    ? (level: number) => height - (level + 1) * kRow + live.scroll
    : (level: number) => level * kRow - live.scroll;
  const name = (frame: number) => {
    let text = names.get(frames.function[frame]);
    if (text === undefined) {
      text = full ? functionName(frames, frame) : shortName(functionName(frames, frame));
      names.set(frames.function[frame], text);
    }
    return text;
  };
  const root = `all ${amount(tree.after.total[0], live.props.unit)}`;
  const scene = { tree, root: live.props.root ?? root, name, flags: frames.flags, fill: live.fill.index, hits, cursor, hover: live.hover, zoomed, y };
  paintFlame(surface, live.boxes, scene, paintOf(colors.theme), colors, live.fitter);
  scrollBar(live, surface, colors.quiet);
}

function contentHeight(live: Live): number {
  const { tree, zoomed } = live.props;
  return (deepestBelow(tree.shape, zoomed) + 1) * kRow;
}

// Where more rows are than fit, a bar says which are seen.
function scrollBar(live: Live, surface: Surface, color: string): void {
  const { height, width, context } = surface;
  const whole = contentHeight(live);
  if (whole <= height) return;
  const long = Math.max((height / whole) * height, 24);
  const part = live.scroll / (whole - height);
  const top = (live.props.upwards ? 1 - part : part) * (height - long);
  context.globalAlpha = 0.6;
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(width - 6, top + 2, 4, long - 4, 2);
  context.fill();
  context.globalAlpha = 1;
}

function scrollTo(live: Live, to: number): boolean {
  const most = Math.max(0, contentHeight(live) - (live.surface?.height ?? 0));
  const next = Math.min(Math.max(to, 0), most);
  if (next === live.scroll) return false;
  live.scroll = next;
  live.surface?.ask();
  return true;
}

function scrollBy(live: Live, pixels: number): boolean {
  return scrollTo(live, live.scroll + (live.props.upwards ? -pixels : pixels));
}

// So that the node's row is seen, with a few of what is above it.
function reveal(live: Live, node: number): void {
  const height = live.surface?.height ?? 0;
  if (height === 0) return;
  const top = live.props.tree.shape.depth[node] * kRow;
  if (top - live.scroll < kRow) scrollTo(live, top - 2 * kRow);
  else if (top - live.scroll > height - 4 * kRow) scrollTo(live, top - height / 3);
}

function levelAt(live: Live, y: number): number {
  const height = live.surface?.height ?? 0;
  return Math.floor((live.props.upwards ? height - y + live.scroll : y + live.scroll) / kRow);
}

function drawn(live: Live) {
  const { boxes, props } = live;
  const { tree, frames } = props;
  return Array.from({ length: boxes.count }, (_, at) => ({
    text: boxes.node[at] === kRest ? '' : boxes.node[at] === 0 ? 'all' : functionName(frames, tree.shape.frame[boxes.node[at]]),
    x: boxes.x[at],
    y: boxes.level[at],
    width: boxes.width[at],
    height: kRow,
    value: boxes.node[at] === kRest ? boxes.weight[at] : tree.after.total[boxes.node[at]],
  }));
}
