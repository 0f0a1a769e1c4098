// A name for a node that outlives the recording: made of the names of all functions on its path.

import { stableId } from '../model/stable_id.ts';
import type { Frames } from './frames.ts';
import { type Shape, path } from './trie.ts';

export function nodeId(shape: Shape, frames: Frames, node: number): string {
  if (node === 0) return '';
  const names = path(shape, node).slice(1).map((row) => frames.strings[frames.function[shape.frame[row]]]);
  return stableId(names.join('\n'));
}

// The node with that id, or -1. Ids hash whole paths, letter by letter, so that this goes along with
// the trie: a path's hash goes on where its parent's ended.
export function findNode(shape: Shape, frames: Frames, id: string): number {
  if (id === '') return 0;
  const wanted = Number.parseInt(id, 36);
  const low = new Uint32Array(shape.deepest + 1);
  const high = new Uint32Array(shape.deepest + 1);
  low[0] = 0x811c9dc5;
  high[0] = 0x9dc5811c;
  for (let row = 1; row < shape.count; ++row) {
    const level = shape.depth[row];
    let l = low[level - 1];
    let h = high[level - 1];
    const name = frames.strings[frames.function[shape.frame[row]]] ?? '';
    for (let at = level > 1 ? -1 : 0; at < name.length; ++at) {
      const letter = at < 0 ? 10 : name.charCodeAt(at);
      l = Math.imul(l ^ letter, 0x01000193);
      h = Math.imul(h ^ letter, 0x85ebca6b);
    }
    low[level] = l;
    high[level] = h;
    if ((high[level] & 0x1fffff) * 4294967296 + low[level] === wanted) return row;
  }
  return -1;
}
