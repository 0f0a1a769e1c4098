// Sizes and colours of the lanes' picture.

import { hex } from '../canvas/color.ts';
import type { ThemeName } from '../canvas/theme.ts';
import { kPattern, kStates, stateColor } from './states.ts';

export const kLane = 22; // height, with the line below
export const kAxis = 24; // height of the scale on top

// Room for the names on the left.
export function gutter(width: number): number {
  return Math.round(Math.min(220, width * 0.3));
}

// Where spans of a depth stand in their lane: an inner one is thinner.
export function bandOf(depth: number): { top: number; height: number } {
  const inset = [1, 3, 6, 8][Math.min(depth, 3)]!;
  return { top: inset, height: kLane - 1 - 2 * inset };
}

export interface Looks {
  fills: string[]; // by state
  patterns: (typeof kPattern)[keyof typeof kPattern][];
  strokes: string; // of the patterns
  text: string;
}

const known = new Map<ThemeName, Looks>();

export function looksOf(theme: ThemeName): Looks {
  let looks = known.get(theme);
  if (!looks) {
    const dark = theme === 'dark';
    looks = {
      fills: kStates.map((state) => hex(stateColor(theme, state))),
      patterns: kStates.map((state) => kPattern[state]),
      strokes: dark ? 'rgba(255,255,255,0.2)' : 'rgba(0,0,0,0.16)',
      text: dark ? '#f2f3f5' : '#17191c',
    };
    known.set(theme, looks);
  }
  return looks;
}
