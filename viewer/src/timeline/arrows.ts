// Arrows, of the picked span only: to the lane that held what it waited for, and from and to the
// tasks that it created, joined, or let go on.

import type { Fitter } from '../canvas/fit.ts';
import type { Surface } from '../canvas/surface.ts';
import type { Ink } from '../canvas/theme.ts';
import { type Arrow, flowsOf, linkOf } from './chain.ts';
import { laneOf } from './find.ts';
import { kAxis, kLane } from './look.ts';
import { type Scene, plotOf } from './paint.ts';
import { kAlive } from './states.ts';
import { laneName, linkText } from './words.ts';

export function paintArrows(surface: Surface, scene: Scene, ink: Ink, fitter: Fitter): void {
  const { timeline } = scene.all;
  const span = scene.picked;
  if (span < 0) return;
  const { context, height } = surface;
  const plot = plotOf(surface, scene);
  const lane = laneOf(timeline, span);
  const from = timeline.spans.from[span];
  const to = timeline.spans.to[span];
  context.save();
  context.beginPath();
  context.rect(plot.left, kAxis, plot.width, height - kAxis);
  context.clip();
  const link = linkOf(timeline, span);
  if (link) {
    // A holder had it from the beginning; who let it go on did so at the end.
    const time = Math.min(Math.max(link.woke ? to : from, scene.camera.from), scene.camera.to);
    const arrow = { fromLane: lane, fromTime: time, toLane: link.holder, toTime: time, label: `${linkText(link)} ${laneName(scene.all, link.holder)}` };
    draw(context, scene, plot, ink, fitter, arrow, height, true);
  }
  // A life's arrows are where it was created and where it ended; those in between are its waits'.
  const life = timeline.spans.state[span] === kAlive;
  for (const arrow of flowsOf(timeline, lane, from, to)) {
    const own = arrow.fromLane === lane ? arrow.fromTime : arrow.toTime;
    if (life && Math.abs(own - from) > 1 && Math.abs(own - to) > 1) continue;
    draw(context, scene, plot, ink, fitter, arrow, height, false);
  }
  context.restore();
}

function draw(context: CanvasRenderingContext2D, scene: Scene, plot: ReturnType<typeof plotOf>, ink: Ink, fitter: Fitter, arrow: Arrow, height: number, strong: boolean): void {
  const place0 = scene.placeOf[arrow.fromLane] ?? -1;
  const place1 = scene.placeOf[arrow.toLane] ?? -1;
  if (place0 < 0 || place1 < 0) return;
  const x0 = plot.x(arrow.fromTime);
  const x1 = plot.x(arrow.toTime);
  const down = place1 > place0;
  const y0 = plot.y(place0) + (down ? kLane - 2 : 2);
  const y1 = plot.y(place1) + (down ? 2 : kLane - 2);
  context.strokeStyle = context.fillStyle = strong ? ink.accent : ink.quiet;
  context.lineWidth = strong ? 2 : 1.25;
  context.beginPath();
  context.moveTo(x0, y0);
  if (Math.abs(x1 - x0) < 1) context.lineTo(x1, y1);
  else context.bezierCurveTo(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1);
  context.stroke();
  const tip = down ? -7 : 7;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x1 - 4, y1 + tip);
  context.lineTo(x1 + 4, y1 + tip);
  context.fill();
  if (!strong) return;
  // Where the holder is not on the screen, its name stands where the arrow leaves it.
  const y = Math.min(Math.max(y1 + (down ? -14 : 14), kAxis + 10), height - 10);
  const text = `${arrow.label}${y1 > height ? ' ↓' : y1 < kAxis ? ' ↑' : ''}`;
  context.font = ink.small;
  const wide = fitter.width(text) + 8;
  const left = Math.min(x1 + 8, plot.left + plot.width - wide);
  context.fillStyle = ink.ground;
  context.fillRect(left, y - 8, wide, 16);
  context.strokeStyle = ink.line;
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, y - 7.5, wide - 1, 15);
  context.fillStyle = ink.text;
  context.fillText(text, left + 4, y + 0.5);
}
