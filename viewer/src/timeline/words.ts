// A span in words.

import { duration, shortName } from '../model/words.ts';
import { type Link, linkOf } from './chain.ts';
import type { Recorded } from './load.ts';
import { kMeaning, kStates } from './states.ts';

export function laneName(all: Recorded, lane: number): string {
  return shortName(all.timeline.lanes[lane]?.name ?? '');
}

export function objectName(all: Recorded, span: number): string {
  return all.strings[all.timeline.spans.object[span]] ?? '';
}

export function spanName(all: Recorded, span: number): string {
  return shortName(all.timeline.names[all.timeline.spans.name[span]] ?? '');
}

// "mutex 0x55d0 (accounts), waits for a lock, 1.2 s"
export function spanText(all: Recorded, span: number): string {
  const { spans } = all.timeline;
  const name = spanName(all, span);
  const object = objectName(all, span);
  const what = object.startsWith(name) ? object : [name, object].filter(Boolean).join(' ');
  const state = kStates[spans.state[span]];
  const meaning = state === 'alive' || state === 'other' ? '' : kMeaning[state];
  const wide = duration(spans.to[span] - spans.from[span]);
  return [what, meaning, spans.open[span] ? `${wide} so far` : wide].filter(Boolean).join(', ');
}

export function linkText(link: Link): string {
  return link.woke ? 'let go on by' : 'held by';
}

// "held by main", or nothing where nobody is known.
export function holderText(all: Recorded, span: number): string {
  const link = linkOf(all.timeline, span);
  return link ? `${linkText(link)} ${laneName(all, link.holder)}` : '';
}

// Times since the recording began, as exact as the scale they stand beside.
export function timeText(ns: number, step = ns / 100): string {
  if (ns === 0) return '0 s';
  const units: [number, string][] = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
  ];
  const [one, name] = units.find(([size]) => Math.abs(ns) >= size) ?? [1e9, 's'];
  const digits = Math.min(Math.max(0, Math.ceil(Math.log10(one / Math.max(step, 1e-3)))), 9);
  return `${(ns / one).toFixed(digits)} ${name}`;
}
