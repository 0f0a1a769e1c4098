// Small controls that views share: tabs, the order of a table, a choice among values.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Parameter } from '../state/route.ts';

export function OrderBy({ of, choices }: { of: Parameter<string>; choices: readonly [value: string, label: string][] }) {
  return <Choice label="Order by" of={of} choices={choices} />;
}

export function Choice({ label, of, choices }: { label: string; of: Parameter<string>; choices: readonly [value: string, label: string][] }) {
  return (
    <label class="facet">{label}
      <select value={of.value} onChange={(event) => of.set(event.currentTarget.value)}>
        {choices.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </label>
  );
}

export interface Tab {
  id: string;
  title: ComponentChildren;
}

// The arrow keys go from tab to tab; the panel is the caller's, with id `${name}-panel`.
export function Tabs({ name, label, tabs, chosen, choose }: { name: string; label: string; tabs: readonly Tab[]; chosen: string; choose(id: string): void }) {
  const box = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = (at + step + tabs.length) % tabs.length;
    choose(tabs[next]!.id);
    (box.current?.children[next] as HTMLElement | undefined)?.focus();
    event.preventDefault();
  };
  return (
    <div ref={box} class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button key={tab.id} type="button" role="tab" id={`${name}-tab-${tab.id}`} aria-controls={`${name}-panel`}
          aria-selected={tab.id === chosen} tabIndex={tab.id === chosen ? 0 : -1} onClick={() => choose(tab.id)}>
          {tab.title}
        </button>
      ))}
    </div>
  );
}
