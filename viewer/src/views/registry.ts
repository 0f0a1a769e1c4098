// The views, in the order of the rail.
import type { ComponentType } from 'preact';
import { growthView } from '../growth/index.ts';
import { leaksView } from '../leaks/index.ts';
import { profileView } from '../profile/index.ts';
import type { SelectionKind } from '../state/selection.ts';
import { timelineView } from '../timeline/index.ts';
import { waitsView } from '../waits/index.ts';
import type { View } from './view.ts';

export const views: readonly View[] = [leaksView, waitsView, profileView, timelineView, growthView];

// What shows a selection in the details panel: the first view that says it can.
export function detailsFor(kind: SelectionKind): ComponentType<{ id: string }> | undefined {
  return views.find((view) => view.details?.[kind])?.details?.[kind];
}
