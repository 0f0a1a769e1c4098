// The lanes: a canvas as large as its place, with the names that stay on the left, the scale that
// stays on top, and a scroll of its own; beside it elements that say the same.

import { useEffect, useRef, useState } from 'preact/hooks';
import { makeFitter } from '../canvas/fit.ts';
import { type Timing, expose, timed } from '../canvas/hook.ts';
import { ink } from '../canvas/ink.ts';
import { type Surface, makeSurface } from '../canvas/surface.ts';
import { placeTip } from '../canvas/tip.ts';
import { range, setRange } from '../state/selection.ts';
import { full_names } from '../state/settings.ts';
import { paintArrows } from './arrows.ts';
import { fit, pan, zoom } from './camera.ts';
import { laneOf, pointAt, spanAt } from './find.ts';
import { gutter, kAxis, kLane } from './look.ts';
import type { Sight } from './minimap.tsx';
import { type Drawn, type Fitters, type Scene, makeDrawn, paintLanes } from './paint.ts';
import { camera, folded, items, lanesAbove, look, now, pick, picked, placeOfLane, shown } from './state.ts';
import { PointTip, SpanTip } from './tip.tsx';
import { laneTwinId, spanTwinId, TimelineTwin } from './twin.tsx';
import { laneName, spanText } from './words.ts';
import type { Walker } from './walk.ts';

interface Props {
  walker: Walker;
  sightAsked: number; // where the minimap was clicked, 0 to 1; negative: nowhere
  onSight(sight: Sight): void;
}

interface Live extends Timing {
  surface: Surface | null;
  fitters: Fitters | null;
  scroll: number;
  height: number;
  hover: number;
  drawn: Drawn;
  drag: { x: number; y: number; time: number; moved: boolean; pan: boolean } | null;
}

const kNear = 3; // pixels beside a span that still mean it
const kPointHigh = 7;

export function Lanes({ walker, sightAsked, onSight }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const live = useRef<Live>({ surface: null, fitters: null, scroll: 0, height: 0, hover: -1, ms: 0, first: 0, drawn: makeDrawn(), drag: null }).current;
  const [hovered, setHovered] = useState(-1);
  const [point, setPoint] = useState(-1);
  const all = now.value!;
  const colors = ink();

  const sight = () => {
    const above = lanesAbove.peek();
    const count = items.peek().length;
    const high = (live.surface?.height ?? 0) - kAxis;
    const part = (pixels: number) => above[Math.min(Math.max(Math.round(pixels / kLane), 0), count)]! / Math.max(above[count]!, 1);
    onSight({ first: part(live.scroll), last: part(live.scroll + high) });
  };
  const scrollTo = (to: number): boolean => {
    const most = Math.max(0, items.peek().length * kLane - Math.max((live.surface?.height ?? 0) - kAxis, 0));
    const next = Math.min(Math.max(to, 0), most);
    const moved = next !== live.scroll;
    live.scroll = next;
    if (moved) live.surface?.ask();
    sight();
    return moved;
  };
  const reveal = (place: number) => {
    const high = (live.surface?.height ?? 0) - kAxis;
    if (place < 0 || high <= 0) return;
    if (place * kLane < live.scroll) scrollTo((place - 1) * kLane);
    else if ((place + 2) * kLane > live.scroll + high) scrollTo((place + 2) * kLane - high);
  };
  const hover = (span: number, at = -1) => {
    live.hover = span;
    setHovered(span);
    setPoint(at);
  };

  useEffect(() => {
    live.surface = makeSurface(canvas.current!, (surface) => {
      if (live.height !== surface.height) {
        live.height = surface.height;
        scrollTo(live.scroll);
      }
      timed(live, () => draw(live, surface));
    });
    expose(box.current!, live, () => boxes(live));
    return () => live.surface?.drop();
  }, []);
  useEffect(() => live.surface?.ask(), [all, camera.value, items.value, shown.value, range.value, picked.value, hovered, colors, full_names.value]);
  useEffect(() => void scrollTo(live.scroll), [items.value]);
  useEffect(() => {
    const above = lanesAbove.peek();
    const wanted = sightAsked * above.at(-1)!;
    if (sightAsked >= 0) scrollTo(above.findIndex((lanes) => lanes >= wanted) * kLane);
  }, [sightAsked]);
  useEffect(() => {
    if (picked.value >= 0) reveal(placeOfLane.peek()[laneOf(all.timeline, picked.value)] ?? -1);
  }, [picked.value]);
  useEffect(() => reveal(walker.place.value), [walker.place.value]);

  const where = (event: MouseEvent) => {
    const place = canvas.current!.getBoundingClientRect();
    const left = gutter(place.width);
    const x = event.clientX - place.left;
    const { from, to } = camera.peek();
    const scale = (to - from) / Math.max(place.width - left, 1);
    const y = event.clientY - place.top;
    return { x, y, inside: x >= left, time: from + (x - left) * scale, scale, at: y < kAxis ? -1 : Math.floor((y - kAxis + live.scroll) / kLane) };
  };
  const spanUnder = (event: MouseEvent): number => {
    const { inside, time, scale, at } = where(event);
    const item = items.peek()[at];
    if (!inside || !item || item.lane < 0) return -1;
    return spanAt(all.timeline, item.lane, time, scale * kNear, shown.peek().pass);
  };

  // Points stand on the upper edge of their lane.
  const pointUnder = (event: MouseEvent): number => {
    const { inside, time, scale, at, y } = where(event);
    const item = items.peek()[at];
    if (!inside || !item || item.lane < 0 || (y - kAxis + live.scroll) % kLane > kPointHigh) return -1;
    return pointAt(all.timeline, item.lane, time, scale * (kNear + 1));
  };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button > 1) return;
    const { x, y, time } = where(event);
    live.drag = { x, y, time, moved: false, pan: event.button === 1 || event.shiftKey || event.pointerType === 'touch' };
    canvas.current!.setPointerCapture(event.pointerId);
    box.current!.focus({ preventScroll: true });
  };
  const onPointerMove = (event: PointerEvent) => {
    const { drag } = live;
    if (!drag) {
      const at = pointUnder(event);
      const span = at >= 0 ? -1 : spanUnder(event);
      if (span !== live.hover || at !== point) hover(span, at);
      if (span >= 0 || at >= 0) placeTip(tip.current, box.current!, event);
      return;
    }
    const { x, time } = where(event);
    if (!drag.moved && Math.abs(x - drag.x) < 4 && !(drag.pan && Math.abs(event.movementY) > 0)) return;
    drag.moved = true;
    hover(-1);
    if (drag.pan) {
      look(pan(camera.peek(), -event.movementX / Math.max(1, box.current!.clientWidth - gutter(box.current!.clientWidth)), all.timeline.end));
      scrollTo(live.scroll - event.movementY);
    } else setRange(between(drag.time, time, all.timeline.end));
  };
  const onPointerUp = (event: PointerEvent) => {
    const { drag } = live;
    live.drag = null;
    if (!drag || drag.moved) return;
    const { at, inside } = where(event);
    const item = items.peek()[at];
    if (item && item.lane < 0) toggle(item.group);
    else if (inside) {
      const span = spanUnder(event);
      pick(span);
      walker.to(at, span);
      if (span < 0) setRange(undefined);
    } else if (item) walker.to(at, -1);
  };
  const onWheel = (event: WheelEvent) => {
    const { time } = where(event);
    event.preventDefault();
    hover(-1);
    if (event.ctrlKey || event.altKey) look(zoom(camera.peek(), time, Math.exp(event.deltaY * 0.004), all.timeline.end));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) look(pan(camera.peek(), (event.shiftKey ? event.deltaY : event.deltaX) / 800, all.timeline.end));
    else scrollTo(live.scroll + event.deltaY);
  };
  useEffect(() => {
    const element = box.current!;
    // Not passive: the page would scroll and zoom with it.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [all]);

  const item = items.value[walker.place.value];
  const active = item === undefined ? undefined : walker.span.value >= 0 ? spanTwinId(walker.span.value) : laneTwinId(walker.place.value);
  return (
    <div
      class="lanes" ref={box} role="tree" tabIndex={0}
      aria-label="Lanes: arrow keys walk, W A S D move the view, Enter picks, square brackets follow who waits for whom"
      aria-activedescendant={active}
      onFocus={() => walker.begin()}
      onKeyDown={(event) => walker.key(event)}
      onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp}
      onPointerLeave={() => hover(-1)}
      onDblClick={(event) => {
        const span = spanUnder(event);
        if (span >= 0) look(fit(all.timeline.spans.from[span], all.timeline.spans.to[span], all.timeline.end));
      }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <TimelineTwin all={all} items={items.value} place={walker.place.value} span={walker.span.value} pass={shown.value.pass} />
      <div ref={tip} class="tip" aria-hidden="true" hidden={hovered < 0 && point < 0}>
        {hovered >= 0 && <SpanTip all={all} span={hovered} />}
        {point >= 0 && <PointTip all={all} point={point} />}
      </div>
    </div>
  );
}

export function toggle(group: string): void {
  const next = new Set(folded.peek());
  if (!next.delete(group)) next.add(group);
  folded.value = next;
}

function between(a: number, b: number, end: number) {
  const from = Math.max(Math.min(a, b), 0);
  const to = Math.min(Math.max(a, b), end);
  return to - from >= 1 ? { from, to } : undefined;
}

function draw(live: Live, surface: Surface): void {
  const all = now.peek();
  if (!all) return;
  const colors = ink();
  live.fitters ??= { spans: makeFitter(surface.context, colors.small), lanes: makeFitter(surface.context, colors.font) };
  const scene: Scene = {
    all,
    items: items.peek(),
    pass: shown.peek().pass,
    camera: camera.peek(),
    scroll: live.scroll,
    range: range.peek(),
    picked: picked.peek(),
    hover: live.hover,
    placeOf: placeOfLane.peek(),
  };
  paintLanes(surface, scene, colors, live.fitters, live.drawn);
  paintArrows(surface, scene, colors, live.fitters.spans);
}

function boxes(live: Live) {
  const all = now.peek();
  if (!all) return [];
  const { timeline } = all;
  const { drawn } = live;
  return Array.from({ length: drawn.count }, (_, at) => {
    const span = drawn.span[at];
    return {
      text: drawn.several[at] === 1 ? '' : `${laneName(all, laneOf(timeline, span))}: ${spanText(all, span)}`,
      x: drawn.x[at],
      y: drawn.y[at],
      width: drawn.width[at],
      height: drawn.height[at],
      value: timeline.spans.to[span] - timeline.spans.from[span],
    };
  });
}
