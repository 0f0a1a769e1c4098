// The functions by weight: flat is what they hold themselves, cum with all that they called.

import { useMemo, useState } from 'preact/hooks';
import { amount, change, percent } from '../canvas/units.ts';
import { count, shortName } from '../model/words.ts';
import { parameter } from '../state/route.ts';
import { stableId } from '../model/stable_id.ts';
import { full_names } from '../state/settings.ts';
import { type RowProps, Rows } from '../ui/rows.tsx';
import { compared, hits, profile, source, tallies, unit } from './state.ts';
import { type TopOrder, type TopRow, topRows } from './top_rows.ts';

interface Props {
  narrow?: boolean; // beside a graph
  selected: string; // stableId of a function
  onOpen(name: string): void;
}

const order = parameter('profile.order', 'flat');

export function TopTable({ narrow, selected, onOpen }: Props) {
  const [active, setActive] = useState(-1);
  const both = tallies.value;
  const frames = profile.value?.frames;
  const { found } = hits.value;
  const by = order.value as TopOrder;
  const rows = useMemo(() => (both && frames ? topRows(both, frames, found, by) : []), [both, frames, found, by]);
  const whole = source.value?.totals[0]?.[0] ?? 0;
  const diff = compared.value && !narrow;
  return (
    <div class={`top-table ${narrow ? 'narrow' : ''} ${diff ? 'with-change' : ''}`}>
      <Rows
        id={narrow ? 'top-beside' : 'top'} label={`${count(rows.length)} functions by weight`} count={rows.length} height={28} active={active}
        header={<Head diff={diff} by={by} />}
        row={(index, props) => <Line key={props.id} row={rows[index]!} props={props} diff={diff} whole={whole} selected={selected} />}
        onActive={setActive}
        onOpen={(index) => onOpen(rows[index]!.name)}
      />
      {rows.length === 0 && <p class="message">No function matches.</p>}
    </div>
  );
}

const kColumns: [by: TopOrder, title: string, diff?: boolean][] = [
  ['flat', 'Flat'],
  ['cum', 'Cum'],
  ['flat_change', 'Δ flat', true],
  ['cum_change', 'Δ cum', true],
  ['name', 'Function'],
];

function Head({ diff, by }: { diff: boolean; by: TopOrder }) {
  return (
    <div role="row" aria-rowindex={1} class="top-columns">
      {kColumns.filter(([, , only]) => !only || diff).map(([key, title]) => (
        <span key={key} role="columnheader" class={key === 'name' ? '' : 'right'} aria-sort={by === key ? (key === 'name' ? 'ascending' : 'descending') : undefined}>
          <button type="button" class="plain" tabIndex={-1} onClick={() => order.set(key)}>{title}{by === key ? ' ▾' : ''}</button>
        </span>
      ))}
    </div>
  );
}

function Line({ row, props, diff, whole, selected }: { row: TopRow; props: RowProps; diff: boolean; whole: number; selected: string }) {
  const shown = full_names.value === 'full' ? row.name : shortName(row.name);
  return (
    <div {...props} class="line top-columns" aria-selected={selected !== '' && stableId(row.name) === selected}>
      <Amount value={row.flat} whole={whole} />
      <Amount value={row.cum} whole={whole} />
      {diff && <Change after={row.flat} before={row.flatBefore} />}
      {diff && <Change after={row.cum} before={row.cumBefore} />}
      <span role="gridcell" class="code name" title={row.name}>{shown}</span>
    </div>
  );
}

function Amount({ value, whole }: { value: number; whole: number }) {
  const part = whole > 0 ? Math.min(Math.max(value / whole, 0), 1) : 0;
  return (
    <span role="gridcell" class="weight" style={{ backgroundSize: `${part * 100}% 100%` }}>
      <span>{amount(value, unit.value)}</span> <span class="quiet part">{percent(value, whole)}</span>
    </span>
  );
}

function Change({ after, before }: { after: number; before: number }) {
  const sign = after > before ? 'grown' : after < before ? 'shrunk' : 'quiet';
  return <span role="gridcell" class={`right ${sign}`}>{change(after - before, unit.value)}</span>;
}
