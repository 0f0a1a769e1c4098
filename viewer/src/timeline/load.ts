// The timeline of the bundle that is open, with the names and stacks that it refers to.

import { type Signal, signal } from '@preact/signals';
import type { Bundle } from '../bundle/bundle.ts';
import { column } from '../bundle/columns.ts';
import { reason } from '../bundle/problem.ts';
import type { Frame } from '../model/frame.ts';
import { type Frames, frameOf } from '../profile/frames.ts';
import { checkBelow, framesOf } from '../profile/load.ts';
import { type Loaded, bundle, whyAbsent } from '../state/documents.ts';
import { type Timeline, readTimeline } from './data.ts';

export interface Recorded {
  timeline: Timeline;
  strings: readonly string[];
  frames: Frames;
  rows(id: number): ArrayLike<number>; // the frames of a stack, leaf first
  stack(id: number): Frame[]; // leaf first
  mentions(id: number, text: string): boolean; // in lower case
}

const read = new WeakMap<Bundle, Signal<Loaded<Recorded>>>();

export function recorded(): Signal<Loaded<Recorded>> {
  const open = bundle.value;
  if (!open) return signal<Loaded<Recorded>>({ state: 'waiting' });
  let known = read.get(open);
  if (!known) {
    read.set(open, (known = signal<Loaded<Recorded>>({ state: 'waiting' })));
    void load(open, known);
  }
  return known;
}

async function load(from: Bundle, into: Signal<Loaded<Recorded>>): Promise<void> {
  try {
    const section = await from.columns('timeline');
    if (!section) {
      into.value = { state: 'absent', why: whyAbsent('timeline') };
      return;
    }
    const timeline = readTimeline(section);
    into.value = { state: 'ready', value: { timeline, ...(await namesOf(from)) } };
  } catch (error) {
    into.value = { state: 'broken', why: reason(error) };
  }
}

const no_numbers = new Uint32Array(1);
const none: Frames = { strings: [''], function: no_numbers, file: no_numbers, line: no_numbers, module: no_numbers, flags: new Uint8Array(1) };

async function namesOf(from: Bundle): Promise<Omit<Recorded, 'timeline'>> {
  const section = await from.columns('stacks');
  const frames = section ? await framesOf(from) : none;
  if (!section) return { strings: [], frames, rows: () => [], stack: () => [], mentions: () => false };
  const start = column(section, 'start', Uint32Array);
  const frame = column(section, 'frame', Uint32Array);
  checkBelow(frame, frames.function.length, "a stack's frame");
  const rows = (id: number) => (id > 0 && id + 1 < start.length ? frame.subarray(start[id], start[id + 1]) : []);
  return {
    strings: frames.strings,
    frames,
    rows,
    stack: (id) => Array.from(rows(id), (one) => frameOf(frames, one)),
    mentions: (id, text) => rows(id).some((one) => mentioned(frames, one, text)),
  };
}

const lowered = new WeakMap<Frames, Map<number, string>>();

function mentioned(frames: Frames, frame: number, text: string): boolean {
  let known = lowered.get(frames);
  if (!known) lowered.set(frames, (known = new Map()));
  let name = known.get(frame);
  if (name === undefined) {
    name = `${frames.strings[frames.function[frame]]} ${frames.strings[frames.file[frame]]}`.toLowerCase();
    known.set(frame, name);
  }
  return name.includes(text);
}
