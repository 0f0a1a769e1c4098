// Which profile, which value, how it is drawn, what is searched for.

import type { RefObject } from 'preact';
import { amount, percent } from '../canvas/units.ts';
import { in_range } from './in_range.ts';
import { listed } from './load.ts';
import { by_line, compared, entry, hits, kModes, matched, mode, normalised, profile, query, tree, unit, value, value_of, which } from './state.ts';

export function Toolbar({ find }: { find: RefObject<HTMLInputElement | null> }) {
  const all = listed();
  const now = profile.value;
  const values = entry.value?.value_types ?? [];
  return (
    <div class="filters">
      {all.length > 1 && (
        <label class="facet">
          Profile{' '}
          <select value={String(Math.max(0, all.indexOf(entry.value!)))} onChange={(event) => which.set(all[Number(event.currentTarget.value)] === in_range ? in_range.section : event.currentTarget.value)}>
            {all.map((one, at) => <option key={one.section} value={String(at)}>{one.type}</option>)}
          </select>
        </label>
      )}
      {values.length > 1 && (
        <label class="facet">
          Value{' '}
          <select value={String(value.value)} onChange={(event) => value_of.set(event.currentTarget.value)}>
            {values.map((one, at) => <option key={one.type} value={String(at)}>{one.type}</option>)}
          </select>
        </label>
      )}
      <fieldset class="modes">
        <legend class="unseen">Drawn as</legend>
        {kModes.map(([key, title]) => (
          <button key={key} type="button" aria-pressed={mode.value === key} onClick={() => mode.set(key)}>{title}</button>
        ))}
      </fieldset>
      <input ref={find} type="search" aria-label="Find functions, files, modules" placeholder="Find, or /regex/" value={query.value}
        onInput={(event) => query.set(event.currentTarget.value)} />
      <label class="choice"><input type="checkbox" checked={by_line.value === '1'} onChange={(event) => by_line.set(event.currentTarget.checked ? '1' : '')} />Lines apart</label>
      {compared.value && (
        <label class="choice"><input type="checkbox" checked={normalised.value === '1'} onChange={(event) => normalised.set(event.currentTarget.checked ? '1' : '')} />Normalise</label>
      )}
      <span class="quiet matched" role="status">{now && matchText()}</span>
    </div>
  );
}

function matchText(): string {
  if (hits.value.problem) return 'Not a regular expression yet';
  if (matched.value === undefined) return '';
  if (hits.value.found?.matched === 0) return 'Nothing matches';
  return `${amount(matched.value, unit.value)} match, ${percent(matched.value, tree.value?.after.total[0] ?? 0)}`;
}
