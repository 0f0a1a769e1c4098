// What a span says that its task did. The bundle has the command's words; here they are sorted into
// the few kinds that a reader tells apart, each with a colour and a pattern of its own.

import { type Rgb, oklch } from '../canvas/color.ts';
import type { Pattern } from '../canvas/pattern.ts';
import type { ThemeName } from '../canvas/theme.ts';

// In the order of how much they deserve attention: where several share a pixel, the last wins.
export const kStates = [
  'alive',
  'other',
  'holds',
  'running',
  'suspended',
  'idle',
  'waiting',
  'blocked',
  'lost',
  'leaked',
] as const;
export type State = (typeof kStates)[number];

export const kAlive = 0;
export const kBlocked = kStates.indexOf('blocked');
export const kLost = kStates.indexOf('lost');
export const kLeaked = kStates.indexOf('leaked');

export const kMeaning: Record<State, string> = {
  alive: 'exists; what it does is not recorded',
  other: 'something else',
  holds: 'holds a lock',
  running: 'runs',
  suspended: 'suspended',
  idle: 'waits for time or input',
  waiting: 'waits for another task',
  blocked: 'waits for a lock',
  lost: 'history is missing',
  leaked: 'leaked',
};

const kWords: [State, RegExp][] = [
  ['blocked', /^(mutex|rwlock|spinlock|once|file lock)/],
  ['waiting', /^(condition|semaphore|barrier|join|futex|signal|process|message)/],
  ['idle', /^(sleep|poll|epoll|select|read|write|accept|connect)/],
  ['suspended', /^(suspended|created)/],
  ['running', /^running/],
];

// By span name; a life (the outermost span of a task's lane) and a lock's lane are told by the lane.
export function statesOfNames(names: readonly string[]): Uint8Array {
  const other = kStates.indexOf('other');
  return Uint8Array.from(names, (name) => {
    const found = kWords.find(([, words]) => words.test(name));
    return found ? kStates.indexOf(found[0]) : other;
  });
}

export function stateColor(theme: ThemeName, state: State): Rgb {
  const dark = theme === 'dark';
  switch (state) {
    case 'alive':
      return dark ? oklch(0.33, 0.012, 250) : oklch(0.92, 0.008, 250);
    case 'other':
      return dark ? oklch(0.44, 0.012, 250) : oklch(0.83, 0.01, 250);
    case 'holds':
      return dark ? oklch(0.45, 0.06, 310) : oklch(0.83, 0.06, 310);
    case 'running':
      return dark ? oklch(0.5, 0.08, 165) : oklch(0.82, 0.09, 165);
    case 'suspended':
      return dark ? oklch(0.42, 0.05, 285) : oklch(0.85, 0.045, 285);
    case 'idle':
      return dark ? oklch(0.4, 0.035, 235) : oklch(0.88, 0.03, 235);
    case 'waiting':
      return dark ? oklch(0.48, 0.08, 245) : oklch(0.8, 0.08, 245);
    case 'blocked':
      return dark ? oklch(0.54, 0.11, 65) : oklch(0.8, 0.12, 70);
    case 'lost':
      return dark ? oklch(0.28, 0.004, 250) : oklch(0.95, 0.004, 250);
    case 'leaked':
      return dark ? oklch(0.42, 0.11, 22) : oklch(0.84, 0.085, 22);
  }
}

export const kPattern: Record<State, Pattern> = {
  alive: 'none',
  other: 'none',
  holds: 'lines',
  running: 'none',
  suspended: 'bars',
  idle: 'dots',
  waiting: 'falling',
  blocked: 'rising',
  lost: 'cross',
  leaked: 'cross',
};
