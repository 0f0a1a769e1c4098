// Colours of the flame graph. Modules differ in hue and a little in lightness; what belongs to the
// system is grey, so that the program's own code stands out. Every colour bears the theme's text at
// 4.5 to 1 or more (viewer/tests checks all of them).

import { type Rgb, hex, oklch } from '../canvas/color.ts';
import type { ThemeName } from '../canvas/theme.ts';
import { type Frames, kMark } from './frames.ts';

// Far apart for eyes that confuse red and green, the calmest first: most programs are one module.
const kHues = [250, 70, 175, 315, 105, 215, 25, 285];
const kSystem = /(^|\/)(ld-linux|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|c\+\+|c\+\+abi|unwind)[.\-])|^\[v/;
const kLibrary = /^(std::|__gnu|__cxx|__gthread|void std::|boost::|operator (new|delete))/;

export const kShades = 5;
export const kClasses = kHues.length + 2; // the modules', library code, the system
const kLibraryClass = kHues.length;
const kSystemClass = kHues.length + 1;

export function shade(theme: ThemeName, kind: number, step: number): Rgb {
  const dark = theme === 'dark';
  const turn = step - (kShades - 1) / 2; // -2 to 2: functions of a module differ a little
  const light = (dark ? 0.4 : 0.85) + turn * 0.012;
  if (kind === kSystemClass) return oklch(light + (dark ? -0.06 : 0.03), 0.006, 250);
  if (kind === kLibraryClass) return oklch(light, dark ? 0.022 : 0.026, 85);
  const hue = (kHues[kind] as number) + turn * 6;
  // Odd ones are a step lighter: neighbours differ to eyes that see no hue at all.
  return oklch(light + (kind % 2 === 0 ? -0.012 : 0.018), dark ? 0.07 : 0.085, hue);
}

export interface Paint {
  text: string;
  fills: string[]; // kClasses * kShades
  grown: string[]; // by step, 0 = unchanged
  shrunk: string[];
  root: string;
  hit: string; // what was searched for
  dimmed: string; // what was not
  rest: string; // several boxes too narrow to be told apart
  hatch: string;
}

export function paintOf(theme: ThemeName): Paint {
  const fills: string[] = [];
  for (let kind = 0; kind < kClasses; ++kind)
    for (let step = 0; step < kShades; ++step) fills.push(hex(shade(theme, kind, step)));
  const steps = Array.from({ length: kDiffSteps + 1 }, (_, step) => step);
  const dark = theme === 'dark';
  return {
    text: dark ? '#f2f3f5' : '#17191c',
    fills,
    grown: steps.map((step) => hex(diffShade(theme, step === 0 ? 0 : 1, step))),
    shrunk: steps.map((step) => hex(diffShade(theme, step === 0 ? 0 : -1, step))),
    root: dark ? '#3a3f47' : '#d5d9df',
    hit: hex(hitShade(theme)),
    dimmed: dark ? '#26292e' : '#eceef1',
    rest: dark ? '#2f333a' : '#dfe3e8',
    hatch: dark ? 'rgba(255,255,255,0.16)' : 'rgba(0,0,0,0.13)',
  };
}

export function hitShade(theme: ThemeName): Rgb {
  return theme === 'dark' ? oklch(0.5, 0.1, 85) : oklch(0.87, 0.13, 92);
}

export function diffPaint(paint: Paint, after: number, before: number): string {
  return (after > before ? paint.grown : paint.shrunk)[diffStep(after, before)];
}

// By frame: the index into fills.
export function fillIndex(frames: Frames): Uint8Array {
  const kinds = new Map<number, number>(); // modules, in the order in which they are met
  const result = new Uint8Array(frames.function.length);
  // Row 0 is the frame that nobody knows; it is of no module.
  for (let frame = 1; frame < result.length; ++frame) {
    const module = frames.module[frame];
    const name = frames.strings[frames.function[frame]] ?? '';
    let kind: number;
    if (kSystem.test(frames.strings[module] ?? '')) kind = kSystemClass;
    else if (kLibrary.test(name) || (frames.flags[frame] & kMark) !== 0) kind = kLibraryClass;
    else {
      const known = kinds.get(module);
      kind = known ?? kinds.size % kHues.length;
      if (known === undefined) kinds.set(module, kind);
    }
    result[frame] = kind * kShades + (hash(frames.function[frame]) % kShades);
  }
  return result;
}

function hash(value: number): number {
  return Math.imul(value ^ (value >>> 7), 0x9e3779b1) >>> 20;
}

// Of a difference: orange where there is more, blue where there is less, grey where nothing changed;
// fuller the more it changed. `step` is 0 to kDiffSteps, of how much of the larger one changed.
export const kDiffSteps = 6;

export function diffShade(theme: ThemeName, sign: number, step: number): Rgb {
  const dark = theme === 'dark';
  const part = sign === 0 ? 0 : step / kDiffSteps;
  const light = dark ? 0.36 + 0.08 * part : 0.9 - 0.12 * part;
  return oklch(light, (dark ? 0.1 : 0.12) * part + 0.004, sign > 0 ? 55 : 250);
}

export function diffStep(after: number, before: number): number {
  const larger = Math.max(Math.abs(after), Math.abs(before));
  if (larger === 0 || after === before) return 0;
  return Math.max(1, Math.min(kDiffSteps, Math.ceil((Math.abs(after - before) / larger) * kDiffSteps)));
}
