// What a view is. To plug one in: a folder src/NAME/ whose index.ts exports a `View`, and a line in
// views/registry.ts. The shell mounts `Component` in the page's main region, asks `search` for what
// `/` was given, shows `details` in the panel on the right for the kinds of selection it names, and
// lists `keys` under `?`.
//
// A view reads its sections by state/documents.ts (`documentOf` for JSON, `bundle.value.columns(NAME)`
// for columns), keeps what a link should keep with `parameter('NAME.WHAT')` of state/route.ts, follows
// and sets state/selection.ts, takes keys with `useKeys` of state/keys.ts, and shows what is missing or
// damaged with ui/section.tsx.
import type { ComponentType } from 'preact';
import type { SelectionKind } from '../state/selection.ts';

export interface Hit {
  label: string;
  detail: string;
  open(): void;
}

export interface SearchProvider {
  title: string;
  // Lower-case words that all have to be there.
  find(words: readonly string[], limit: number): Hit[] | Promise<Hit[]>;
}

export interface View {
  id: string;
  title: string;
  key: string;
  Component: ComponentType;
  search?: SearchProvider[];
  details?: Partial<Record<SelectionKind, ComponentType<{ id: string }>>>;
  keys?: [key: string, does: string][];
}
