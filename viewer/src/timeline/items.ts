// What stands below what in the list of lanes: headings of groups, lanes, and lanes that belong to
// lanes (a thread's locks).

import type { Timeline } from './data.ts';

export interface Item {
  lane: number; // -1: a heading
  group: string;
  lanes: number[]; // of a heading: all below it
  inset: number;
  folded: boolean;
}

export function makeItems(timeline: Timeline, shown: Uint8Array | null, folded: ReadonlySet<string>): Item[] {
  const { lanes } = timeline;
  const byId = new Map(lanes.map((lane, at) => [lane.id, at]));
  const below = new Map<number, number[]>();
  const groups = new Map<string, number[]>();
  lanes.forEach((lane, at) => {
    const parent = byId.get(lane.parent);
    if (parent === undefined || parent === at) append(groups, lane.group, at);
    else append(below, parent, at);
  });
  const seen = new Set<number>();
  const visible = (lane: number): boolean =>
    !shown || shown[lane] === 1 || (below.get(lane) ?? []).some((one) => shown[one] === 1);
  const items: Item[] = [];
  const place = (lane: number, inset: number, into: number[] | null): void => {
    if (seen.has(lane) || !visible(lane)) return;
    seen.add(lane);
    into?.push(lane);
    if (!into) items.push({ lane, group: lanes[lane].group, lanes: [], inset, folded: false });
    for (const one of below.get(lane) ?? []) place(one, inset + 1, into);
  };
  for (const [group, members] of groups) {
    // One lane needs no heading, and neither do lanes that nothing is known of.
    const headed = group !== '' && members.length > 1;
    if (headed) {
      const all = members.filter(visible);
      if (all.length === 0) continue;
      const shut = folded.has(group);
      const inside: number[] = [];
      if (shut) for (const lane of members) place(lane, 1, inside);
      items.push({ lane: -1, group, lanes: shut ? inside : all, inset: 0, folded: shut });
      if (shut) continue;
    }
    for (const lane of members) place(lane, headed ? 1 : 0, null);
  }
  // Lanes that belong to each other in a circle belong to nothing else.
  for (let lane = 0; lane < lanes.length; ++lane) place(lane, 0, null);
  return items;
}

function append<K>(map: Map<K, number[]>, key: K, value: number): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
