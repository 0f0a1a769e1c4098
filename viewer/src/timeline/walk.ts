// Where the keyboard is in the timeline: an item of the list, and a span in it; and what keys do.

import { type Signal, signal } from '@preact/signals';
import { setRange } from '../state/selection.ts';
import { camera, items, look, now, pick, picked, placeOfLane, shown } from './state.ts';
import { fit, pan, zoom } from './camera.ts';
import { linkOf } from './chain.ts';
import { laneOf, rowOf, spanAt } from './find.ts';

export interface Walker {
  place: Signal<number>; // into items, -1 = nowhere
  span: Signal<number>; // -1 = the lane itself
  to(place: number, span: number): void;
  begin(): void;
  key(event: KeyboardEvent): void;
  follow(back: boolean): void;
}

interface Actions {
  details(span: number): void;
  fold(group: string): void;
  escape(): boolean;
}

export function makeWalker(actions: Actions): Walker {
  const place = signal(-1);
  const span = signal(-1);
  const chain: number[] = []; // the way back from where `]` went

  const to = (where: number, at: number) => {
    place.value = Math.min(Math.max(where, 0), items.peek().length - 1);
    span.value = at;
  };
  const begin = () => {
    if (place.peek() >= 0 && place.peek() < items.peek().length) return;
    const first = picked.peek();
    if (first >= 0) to(placeOf(first), first);
    else to(0, -1);
  };
  const goTo = (next: number) => {
    pick(next);
    to(placeOf(next), next);
    show(next);
  };
  const follow = (back: boolean) => {
    const all = now.peek();
    const at = span.peek() >= 0 ? span.peek() : picked.peek();
    if (!all || at < 0) return;
    if (back) {
      const before = chain.pop();
      if (before !== undefined) goTo(before);
      return;
    }
    const link = linkOf(all.timeline, at);
    if (!link) return;
    chain.push(at);
    // To what the holder waited for itself; where it ran, to what it did then.
    const when = (Math.max(all.timeline.spans.from[at], camera.peek().from) + Math.min(all.timeline.spans.to[at], camera.peek().to)) / 2;
    const next = link.next >= 0 ? link.next : spanAt(all.timeline, link.holder, when, 0, null);
    if (next >= 0) goTo(next);
    else to(placeOfLane.peek()[link.holder] ?? -1, -1);
  };
  const move = (by: number) => {
    const all = now.peek()!;
    const next = Math.min(Math.max(place.peek() + by, 0), items.peek().length - 1);
    const lane = items.peek()[next]?.lane ?? -1;
    const { from, to: until } = camera.peek();
    const when = span.peek() >= 0 ? Math.min(Math.max(all.timeline.spans.from[span.peek()], from), until) : -1;
    to(next, lane >= 0 && when >= 0 ? spanAt(all.timeline, lane, when, (until - from) / 50, shown.peek().pass) : -1);
  };
  const along = (forth: boolean) => {
    const all = now.peek()!;
    const lane = items.peek()[place.peek()]?.lane ?? -1;
    if (lane < 0) return;
    const next = neighbour(lane, span.peek(), forth);
    if (next < 0) return;
    to(place.peek(), next);
    const { from, to: until } = camera.peek();
    if (all.timeline.spans.to[next] < from || all.timeline.spans.from[next] > until) show(next);
  };

  const keys: Record<string, () => void> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => move(20),
    PageUp: () => move(-20),
    ArrowRight: () => along(true),
    ArrowLeft: () => along(false),
    Home: () => to(0, -1),
    End: () => to(items.peek().length - 1, -1),
    '[': () => follow(true),
    ']': () => follow(false),
    w: () => look(zoom(camera.peek(), middle(), 0.7, end())),
    s: () => look(zoom(camera.peek(), middle(), 1 / 0.7, end())),
    a: () => look(pan(camera.peek(), -0.15, end())),
    d: () => look(pan(camera.peek(), 0.15, end())),
    '0': () => look({ from: 0, to: end() }),
    z: () => span.peek() >= 0 && show(span.peek(), true),
    m: () => markRange(span.peek()),
    i: () => span.peek() >= 0 && actions.details(span.peek()),
    ' ': () => choose(),
    Enter: () => choose(),
  };
  const choose = () => {
    const item = items.peek()[place.peek()];
    if (item && item.lane < 0) actions.fold(item.group);
    else pick(span.peek());
  };
  const middle = () => {
    const at = span.peek() >= 0 ? span.peek() : picked.peek();
    const { from, to: until } = camera.peek();
    const spans = now.peek()!.timeline.spans;
    if (at < 0 || spans.to[at] < from || spans.from[at] > until) return (from + until) / 2;
    return (Math.max(spans.from[at], from) + Math.min(spans.to[at], until)) / 2;
  };
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !now.peek()) return;
    if (event.key === 'Escape') {
      if (!actions.escape()) return;
    } else {
      const act = keys[event.key];
      if (!act) return;
      act();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return { place, span, to, begin, key, follow };
}

function end(): number {
  return now.peek()?.timeline.end ?? 1;
}

function placeOf(span: number): number {
  return placeOfLane.peek()[laneOf(now.peek()!.timeline, span)] ?? -1;
}

// Into the picture; `close`: so that it fills most of it.
function show(span: number, close = false): void {
  const { spans } = now.peek()!.timeline;
  const { from, to } = camera.peek();
  const inside = spans.to[span] > from && spans.from[span] < to;
  const wide = (spans.to[span] - spans.from[span]) / (to - from);
  if (!close && inside && wide > 0.002) return;
  if (close || wide > 1) look(fit(spans.from[span], spans.to[span], end()));
  else {
    const half = Math.min((to - from) / 2, Math.max((spans.to[span] - spans.from[span]) * 200, 20));
    const middle = (spans.from[span] + spans.to[span]) / 2;
    look({ from: middle - half, to: middle + half });
  }
}

function markRange(span: number): void {
  const { spans } = now.peek()!.timeline;
  if (span >= 0) setRange({ from: spans.from[span], to: Math.max(spans.to[span], spans.from[span] + 1) });
  else setRange({ ...camera.peek() });
}

// The next span of the lane that passes: beside it in its row, from the lane the first on the screen.
export function neighbour(lane: number, span: number, forth: boolean): number {
  const { timeline } = now.peek()!;
  const { pass } = shown.peek();
  const { laneRow, rowStart, spans } = timeline;
  if (span < 0) {
    const { from, to } = camera.peek();
    for (let row = laneRow[lane + 1] - 1; row >= laneRow[lane]; --row)
      for (let at = rowStart[row]; at < rowStart[row + 1]; ++at)
        if (spans.to[at] > from && spans.from[at] < to && (!pass || pass[at] === 1)) return at;
    return -1;
  }
  const row = rowOf(timeline, span);
  const step = forth ? 1 : -1;
  for (let at = span + step; at >= rowStart[row] && at < rowStart[row + 1]; at += step) if (!pass || pass[at] === 1) return at;
  return -1;
}
