// The graph as a tree table: the same data for the keyboard, for screen readers, and for big graphs.
import { useMemo, useState } from 'preact/hooks';
import { ownFrame, placeText } from '../model/frame.ts';
import { count, duration, plural, shortName } from '../model/words.ts';
import { type RowProps, Rows } from '../ui/rows.tsx';
import { cardLines, type Graph, times, waiters } from './graph.ts';
import { type TreeRow, treeRows } from './tree.ts';

export function WaitTable({ graph, focus, onFocus }: { graph: Graph; focus: string | undefined; onFocus(id: string): void }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState(-1);
  const rows = useMemo(() => treeRows(graph, closed), [graph, closed]);
  const turn = (row: TreeRow, open: boolean) => {
    const changed = new Set(closed);
    if (open) changed.delete(row.key);
    else changed.add(row.key);
    setClosed(changed);
  };
  const onKey = (key: string, index: number): boolean => {
    const row = rows[index];
    if (!row || (key !== 'ArrowRight' && key !== 'ArrowLeft')) return false;
    if (row.expandable) turn(row, key === 'ArrowRight');
    return true;
  };
  return (
    <Rows label="Who waits for whom" role="treegrid" id="wait-row" count={rows.length} height={44} active={active} onActive={setActive} onKey={onKey}
      header={<Head />}
      onOpen={(index) => {
        const row = rows[index]!;
        if (row.node) onFocus(row.node.id);
        else turn(row, closed.has(row.key));
      }}
      row={(index, props) => <Line key={rows[index]!.key} row={rows[index]!} props={props} open={!closed.has(rows[index]!.key)} graph={graph} focus={focus} />}
    />
  );
}

function Head() {
  return (
    <div role="row" aria-rowindex={1} class="wait-columns">
      <span role="columnheader">Task</span>
      <span role="columnheader">Waits on</span>
      <span role="columnheader" class="number">For</span>
      <span role="columnheader" class="c-where">Where</span>
      <span role="columnheader" class="number">Waiters</span>
    </div>
  );
}

function Line({ row, props, open, graph, focus }: { row: TreeRow; props: RowProps; open: boolean; graph: Graph; focus: string | undefined }) {
  const { node, edge } = row;
  const indent = { paddingLeft: `${(row.level - 1) * 1.4}rem` };
  const twist = row.expandable ? (open ? '▾ ' : '▸ ') : '';
  if (!node) {
    const ring = graph.cycles[row.cycle!]!;
    return (
      <div {...props} class="line wait-columns wait-cycle" aria-level={row.level} aria-expanded={open} aria-selected={false}>
        <span role="gridcell"><span aria-hidden="true">{twist}</span><b class="tag">D{row.cycle! + 1}</b> {plural(ring.length, 'task')} wait for each other</span>
        <span role="gridcell" /><span role="gridcell" /><span role="gridcell" class="c-where" /><span role="gridcell" />
      </div>
    );
  }
  const [first, second] = cardLines(node);
  const frame = ownFrame(node.stack);
  return (
    <div {...props} class="line wait-columns" aria-level={row.level} aria-expanded={row.expandable ? open : undefined} aria-selected={node.id === focus}>
      <span role="gridcell" class="two" style={indent}>
        <span class="title"><span aria-hidden="true">{twist}</span>{times(node)}{second || first}</span>
        <span class="quiet code">{second ? first : shortName(node.detail)}</span>
      </span>
      <span role="gridcell" class="two"><span>{edge?.label ?? ''}{edge && !edge.certain && ' (not certain)'}</span><span class="quiet code">{edge?.object ?? ''}</span></span>
      <span role="gridcell" class="number">{edge?.wait_ns ? duration(edge.wait_ns) : '–'}</span>
      <span role="gridcell" class="code c-where" title={frame?.function}>{placeText(frame) || '–'}</span>
      <span role="gridcell" class="number">{count(waiters(graph, node.id))}</span>
    </div>
  );
}
