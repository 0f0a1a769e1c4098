// The one selection that all views follow. Ids are stable: fingerprints, `thread:3`, addresses,
// stableId(name of a function or text of a stack). A range of time narrows what views count.
import { computed } from '@preact/signals';
import { jump, parameter } from './route.ts';

export type SelectionKind = 'finding' | 'wait' | 'task' | 'object' | 'function' | 'stack' | 'span' | 'growth';

export interface Selection {
  kind: SelectionKind;
  id: string;
}

const selected = parameter('sel');
export const selected_range = parameter('range');

export const selection = computed<Selection | undefined>(() => {
  const [kind, ...rest] = selected.value.split('~');
  return kind && rest.length > 0 ? { kind: kind as SelectionKind, id: rest.join('~') } : undefined;
});

function text(what: Selection | undefined): string {
  return what ? `${what.kind}~${what.id}` : '';
}

export function select(what: Selection | undefined): void {
  selected.set(text(what));
}

// Selects and goes to a view: what a link "show in ..." does.
export function show(view: string, what: Selection, also: Record<string, string> = {}): void {
  jump(view, { ...also, sel: text(what) });
}

export function isSelected(kind: SelectionKind, id: string): boolean {
  const now = selection.value;
  return now?.kind === kind && now.id === id;
}

// Nanoseconds from the timeline's start.
export const range = computed<{ from: number; to: number } | undefined>(() => {
  const [from = NaN, to = NaN] = selected_range.value.split('-').map(Number);
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? { from, to } : undefined;
});

export function setRange(next: { from: number; to: number } | undefined): void {
  selected_range.set(next ? `${Math.round(next.from)}-${Math.round(next.to)}` : '');
}
