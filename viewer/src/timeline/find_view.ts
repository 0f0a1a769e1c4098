// What `/` finds on the timeline: its lanes.

import { show } from '../state/selection.ts';
import type { Hit } from '../views/view.ts';
import { now } from './state.ts';

export function findLanes(words: readonly string[], limit: number): Hit[] {
  const lanes = now.value?.timeline.lanes ?? [];
  const hits: Hit[] = [];
  for (const lane of lanes) {
    const text = `${lane.name} ${lane.group} ${lane.kind} ${lane.tid}`.toLowerCase();
    if (lane.kind === 'locks' || !words.every((word) => text.includes(word))) continue;
    hits.push({ label: lane.name, detail: `${lane.kind} · ${lane.group}`, open: () => show('timeline', { kind: 'task', id: lane.task }) });
    if (hits.length === limit) break;
  }
  return hits;
}
