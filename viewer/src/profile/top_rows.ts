// The rows of the top table: a function each, in the order that is asked for.

import type { Frames } from './frames.ts';
import type { Hits } from './search.ts';
import type { Tally } from './top.ts';

export interface TopRow {
  name: string;
  flat: number;
  cum: number;
  flatBefore: number;
  cumBefore: number;
}

export type TopOrder = 'flat' | 'cum' | 'name' | 'flat_change' | 'cum_change';

export function topRows(tallies: Tally[], frames: Frames, hits: Hits | null, order: TopOrder): TopRow[] {
  const [after, before] = tallies;
  const meant = hits && functionsOf(frames, hits);
  const rows: TopRow[] = [];
  // Both tallies are of one trie: the same functions occur, in the same order.
  for (let at = 0; at < after.key.length; ++at) {
    const key = after.key[at];
    if (meant && meant[key] === 0) continue;
    rows.push({
      name: frames.strings[key] || '(unknown)',
      flat: after.flat[at],
      cum: after.cum[at],
      flatBefore: before?.flat[at] ?? 0,
      cumBefore: before?.cum[at] ?? 0,
    });
  }
  const by: Record<TopOrder, (row: TopRow) => number> = {
    flat: (row) => row.flat,
    cum: (row) => row.cum,
    name: () => 0,
    flat_change: (row) => Math.abs(row.flat - row.flatBefore),
    cum_change: (row) => Math.abs(row.cum - row.cumBefore),
  };
  const value = by[order];
  return rows.sort((a, b) => value(b) - value(a) || b.cum - a.cum || (a.name < b.name ? -1 : 1));
}

function functionsOf(frames: Frames, hits: Hits): Uint8Array {
  const meant = new Uint8Array(frames.strings.length);
  for (let frame = 0; frame < hits.frames.length; ++frame) if (hits.frames[frame]) meant[frames.function[frame]] = 1;
  return meant;
}
