// All lanes, a row of pixels each, and on it what the lanes below show of them.

import { useEffect, useRef } from 'preact/hooks';
import { parseHex, pixel } from '../canvas/color.ts';
import { type Timing, expose, timed } from '../canvas/hook.ts';
import { ink } from '../canvas/ink.ts';
import { type Surface, makeSurface } from '../canvas/surface.ts';
import { range } from '../state/selection.ts';
import type { Camera } from './camera.ts';
import { gutter, looksOf } from './look.ts';
import { heat } from './overview.ts';
import type { Shown } from './filter.ts';
import { camera, look, now, order, shown } from './state.ts';
import type { Timeline } from './data.ts';

export interface Sight {
  first: number; // the part of the list of lanes that is on the screen, 0 to 1
  last: number;
}

interface Props {
  sight: Sight;
  onSight(first: number): void;
}

interface Live extends Timing {
  surface: Surface | null;
  picture: { of: [Timeline, Shown, number[], number, number, string]; image: HTMLCanvasElement } | null;
  sight: Sight;
  dragging: boolean;
}

export function Minimap({ sight, onSight }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const live = useRef<Live>({ surface: null, picture: null, ms: 0, first: 0, sight, dragging: false }).current;
  live.sight = sight;
  const colors = ink();
  useEffect(() => {
    live.surface = makeSurface(canvas.current!, (surface) => draw(live, surface));
    expose(canvas.current!, live, () => []);
    return () => live.surface?.drop();
  }, []);
  useEffect(() => live.surface?.ask(), [camera.value, shown.value, order.value, range.value, sight.first, sight.last, colors]);

  const go = (event: PointerEvent) => {
    const place = canvas.current!.getBoundingClientRect();
    const left = gutter(place.width);
    const { end } = now.value!.timeline;
    const time = ((event.clientX - place.left - left) / (place.width - left)) * end;
    const half = (camera.value.to - camera.value.from) / 2;
    look({ from: time - half, to: time + half });
    const seen = live.sight.last - live.sight.first;
    onSight(Math.min(Math.max((event.clientY - place.top) / place.height - seen / 2, 0), 1));
  };
  return (
    <canvas
      ref={canvas} class="minimap" aria-hidden="true"
      onPointerDown={(event) => { live.dragging = true; canvas.current!.setPointerCapture(event.pointerId); go(event); }}
      onPointerMove={(event) => live.dragging && go(event)}
      onPointerUp={() => { live.dragging = false; }}
    />
  );
}

function draw(live: Live, surface: Surface): void {
  const { context, width, height, ratio } = surface;
  const colors = ink();
  const all = now.peek();
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, height);
  if (!all) return;
  const left = gutter(width);
  const wide = Math.max(1, Math.round((width - left) * ratio));
  const high = Math.max(1, Math.round(height * ratio));
  const key: NonNullable<Live['picture']>['of'] = [all.timeline, shown.peek(), order.peek(), wide, high, colors.theme];
  if (!live.picture || live.picture.of.some((one, at) => one !== key[at])) {
    timed(live, () => {
      live.picture = { of: key, image: picture(key) };
    });
  }
  context.drawImage(live.picture!.image, left, 0, width - left, height);
  context.font = colors.small;
  context.textBaseline = 'middle';
  context.fillStyle = colors.quiet;
  context.fillText('all lanes', 10, Math.min(height / 2, 14));
  const { end } = all.timeline;
  const x = (time: number) => left + (time / end) * (width - left);
  mark(context, surface, x, camera.peek(), live.sight, colors.accent);
  const chosen = range.peek();
  if (chosen) {
    context.fillStyle = colors.accent;
    context.globalAlpha = 0.25;
    context.fillRect(x(chosen.from), 0, Math.max(x(chosen.to) - x(chosen.from), 2), height);
    context.globalAlpha = 1;
  }
}

// What the lanes below show.
function mark(context: CanvasRenderingContext2D, surface: Surface, x: (time: number) => number, { from, to }: Camera, sight: Sight, color: string): void {
  const x0 = x(from);
  const wide = Math.max(x(to) - x0, 3);
  const y0 = sight.first * surface.height;
  const high = Math.max((sight.last - sight.first) * surface.height, 3);
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.strokeRect(x0 + 0.75, y0 + 0.75, wide - 1.5, Math.min(high, surface.height) - 1.5);
}

function picture([timeline, passing, lanes, wide, high, theme]: NonNullable<Live['picture']>['of']): HTMLCanvasElement {
  const image = document.createElement('canvas');
  image.width = wide;
  image.height = high;
  const context = image.getContext('2d')!;
  const data = context.createImageData(wide, high);
  const pixels = new Uint32Array(data.data.buffer);
  const colors = [0, ...looksOf(theme as 'light' | 'dark').fills.map((fill) => pixel(parseHex(fill)))];
  const states = heat(timeline, lanes, passing.pass, wide, high);
  for (let at = 0; at < states.length; ++at) pixels[at] = colors[states[at]!]!;
  context.putImageData(data, 0, 0);
  return image;
}

const kMost = 96;
const kLeast = 24;

export function minimapHeight(lanes: number): number {
  return Math.min(kMost, Math.max(kLeast, lanes * 4));
}
