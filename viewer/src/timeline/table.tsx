// The spans as a table: those that pass the filters, in the range that is marked, or else all.

import { useMemo, useState } from 'preact/hooks';
import { count, duration, plural } from '../model/words.ts';
import { parameter } from '../state/route.ts';
import { range } from '../state/selection.ts';
import { type RowProps, Rows } from '../ui/rows.tsx';
import { laneOf } from './find.ts';
import type { Recorded } from './load.ts';
import { order, pick, picked, shown } from './state.ts';
import { kAlive, kMeaning, kStates } from './states.ts';
import { openDetails } from './below.tsx';
import { holderText, laneName, objectName, spanName, timeText } from './words.ts';

const kSortable = 200_000; // more than this are told lane by lane

const sorting = parameter('timeline.sort', 'long');

export function Table({ all }: { all: Recorded }) {
  const [active, setActive] = useState(-1);
  const by = sorting.value;
  const rows = useMemo(() => rowsOf(all, by), [all, shown.value, order.value, range.value, by]);
  return (
    <div class="span-table">
      {rows.length > kSortable && <p class="quiet note">{count(rows.length)} spans, lane by lane: fewer than {count(kSortable)} can be sorted. Filter them, or mark a range of time.</p>}
      <Rows
        id="spans" label={`${plural(rows.length, 'span')}`} count={rows.length} height={28} active={active}
        header={<Head by={by} />}
        row={(index, props) => <Line key={props.id} all={all} span={rows[index]!} props={props} />}
        onActive={setActive}
        onOpen={(index) => { pick(rows[index]!); openDetails(all, rows[index]!); }}
      />
    </div>
  );
}

function rowsOf(all: Recorded, by: string): Uint32Array {
  const { spans, laneRow, rowStart } = all.timeline;
  const { pass } = shown.peek();
  const { from, to } = range.peek() ?? { from: -1, to: Number.POSITIVE_INFINITY };
  const found = new Uint32Array(spans.count);
  let size = 0;
  for (const lane of order.peek())
    for (let span = rowStart[laneRow[lane]]!; span < rowStart[laneRow[lane + 1]!]!; ++span) {
      if (pass && pass[span] === 0) continue;
      if (spans.state[span] === kAlive || spans.to[span] < from || spans.from[span] > to) continue;
      found[size++] = span;
    }
  const rows = found.slice(0, size);
  if (size > kSortable || by === 'lane') return rows;
  if (by === 'start') return rows.sort((a, b) => spans.from[a] - spans.from[b]);
  return rows.sort((a, b) => spans.to[b] - spans.from[b] - (spans.to[a] - spans.from[a]));
}

const kColumns: [title: string, by?: string][] = [['Lane', 'lane'], ['State'], ['What'], ['From', 'start'], ['Took', 'long'], ['Waited for']];

function Head({ by }: { by: string }) {
  return (
    <div role="row" aria-rowindex={1} class="span-columns">
      {kColumns.map(([title, key]) => (
        <span key={title} role="columnheader" class={title === 'From' || title === 'Took' ? 'right' : ''} aria-sort={key && by === key ? (key === 'long' ? 'descending' : 'ascending') : undefined}>
          {key ? <button type="button" class="plain" tabIndex={-1} onClick={() => sorting.set(key)}>{title}{by === key ? ' ▾' : ''}</button> : title}
        </span>
      ))}
    </div>
  );
}

function Line({ all, span, props }: { all: Recorded; span: number; props: RowProps }) {
  const { spans } = all.timeline;
  const name = spanName(all, span);
  const object = objectName(all, span);
  return (
    <div {...props} class="line span-columns" aria-selected={span === picked.value}>
      <span role="gridcell">{laneName(all, laneOf(all.timeline, span))}</span>
      <span role="gridcell">{kMeaning[kStates[spans.state[span]!]!]}</span>
      <span role="gridcell" class="code">{object.startsWith(name) ? object : `${name} ${object}`}</span>
      <span role="gridcell" class="right">{timeText(spans.from[span]!)}</span>
      <span role="gridcell" class="right">{duration(spans.to[span]! - spans.from[span]!)}{spans.open[span] ? ' +' : ''}</span>
      <span role="gridcell">{holderText(all, span)}</span>
    </div>
  );
}
