// Which frames a search means, and how much of the profile passes through them.

import type { Frames } from './frames.ts';
import type { Shape } from './trie.ts';

export interface Hits {
  frames: Uint8Array; // 1 = meant
  matched: number; // how many frames
}

// A part of a function, file or module, in any case; between slashes a regular expression. Null:
// nothing is searched for. Throws what RegExp throws.
export function findFrames(frames: Frames, query: string): Hits | null {
  const text = query.trim();
  if (text === '') return null;
  const test = tester(text);
  const meant = new Uint8Array(frames.strings.length);
  for (let at = 1; at < meant.length; ++at) if (test(frames.strings[at])) meant[at] = 1;
  const hits = new Uint8Array(frames.function.length);
  let matched = 0;
  for (let frame = 0; frame < hits.length; ++frame) {
    if (meant[frames.function[frame]] | meant[frames.file[frame]] | meant[frames.module[frame]]) {
      hits[frame] = 1;
      ++matched;
    }
  }
  return { frames: hits, matched };
}

function tester(text: string): (name: string) => boolean {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) {
    const pattern = new RegExp(text.slice(1, -1), 'i');
    return (name) => pattern.test(name);
  }
  const lower = text.toLowerCase();
  return (name) => name.toLowerCase().includes(lower);
}

// Every stack counts once, however often it passes through.
export function matchedSum(shape: Shape, total: Float64Array, hits: Hits): number {
  const { count, frame, end } = shape;
  let sum = 0;
  for (let row = 1; row < count; ) {
    if (hits.frames[frame[row]] === 0) {
      ++row;
      continue;
    }
    sum += total[row];
    row = end[row];
  }
  return sum;
}
