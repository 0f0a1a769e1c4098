// Which spans are shown, and what their colours and patterns mean: the same row of buttons.

import type { RefObject } from 'preact';
import { useMemo } from 'preact/hooks';
import { ink } from '../canvas/ink.ts';
import { count, plural } from '../model/words.ts';
import type { Recorded } from './load.ts';
import { looksOf } from './look.ts';
import { as_table, find_text, folded, hidden, hidden_text, items, least_text, shown } from './state.ts';
import { kMeaning, kStates, type State } from './states.ts';

const kLeast: [ns: string, text: string][] = [
  ['0', 'any length'],
  ['1000', '≥ 1 µs'],
  ['100000', '≥ 100 µs'],
  ['1000000', '≥ 1 ms'],
  ['10000000', '≥ 10 ms'],
  ['100000000', '≥ 100 ms'],
  ['1000000000', '≥ 1 s'],
  ['10000000000', '≥ 10 s'],
];

export function Filters({ all, find }: { all: Recorded; find: RefObject<HTMLInputElement | null> }) {
  const states = useMemo(() => occurring(all), [all]);
  const filtered = shown.value.pass !== null;
  const groups = items.value.filter((item) => item.lane < 0);
  return (
    <>
      <div class="filters">
        <input ref={find} type="search" aria-label="Find lanes, objects, functions" placeholder="Find: task, object, function …" value={find_text.value}
          onInput={(event) => find_text.set(event.currentTarget.value)} />
        <label class="facet">
          Spans{' '}
          <select value={least_text.value} onChange={(event) => least_text.set(event.currentTarget.value)}>
            {kLeast.map(([ns, text]) => <option key={ns} value={ns}>{text}</option>)}
          </select>
        </label>
        <button type="button" aria-pressed={as_table.value === '1'} onClick={() => as_table.set(as_table.value === '1' ? '' : '1')}>Table</button>
        {groups.length > 1 && (
          <button type="button" onClick={() => { folded.value = new Set(groups.some((one) => !one.folded) ? groups.map((one) => one.group) : []); }}>
            {groups.some((one) => !one.folded) ? 'Fold groups' : 'Unfold groups'}
          </button>
        )}
        {filtered && <button type="button" onClick={() => { find_text.set(''); least_text.set('0'); hidden_text.set(''); }}>Clear</button>}
        <span class="quiet" role="status">{filtered && `${plural(shown.value.spans, 'span')} of ${count(shown.value.of)} shown`}</span>
      </div>
      <fieldset class="state-filters">
        <legend class="unseen">States shown</legend>
        {states.map((state) => <StateButton key={state} state={state} />)}
      </fieldset>
    </>
  );
}

function occurring(all: Recorded): State[] {
  const seen = new Uint8Array(kStates.length);
  for (const state of all.timeline.spans.state) seen[state] = 1;
  return kStates.filter((state, at) => seen[at] === 1 && state !== 'alive').reverse();
}

function StateButton({ state }: { state: State }) {
  const off = hidden.value.has(state);
  const looks = looksOf(ink().theme);
  const at = kStates.indexOf(state);
  const change = () => {
    const next = new Set(hidden.value);
    if (!next.delete(state)) next.add(state);
    hidden_text.set([...next].sort().join(','));
  };
  return (
    <button type="button" class="state-filter" aria-pressed={!off} onClick={change}>
      <span class={`swatch ${looks.patterns[at]}`} style={{ backgroundColor: looks.fills[at] }} aria-hidden="true" />
      {kMeaning[state]}
    </button>
  );
}
