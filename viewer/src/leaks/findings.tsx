// The findings: who leaked, created where, stuck where, and how sure that is.
import { useMemo, useState } from 'preact/hooks';
import type { Finding, Leaks as Report } from '../model/finding.ts';
import { ownFrame, placeText } from '../model/frame.ts';
import { bytes, count, duration, plural, shortName } from '../model/words.ts';
import { useFindField } from '../state/keys.ts';
import { historyOf, isChosen } from '../growth/of_findings.ts';
import { isSelected, select } from '../state/selection.ts';
import { EvidenceBadge } from '../ui/evidence.tsx';
import { LabelText } from '../ui/labels.tsx';
import { type RowProps, Rows } from '../ui/rows.tsx';
import { choices, clearFilters, filtered, opened, order, passing, type Row, rowsOf, setOpened, text } from './groups.ts';
import { findingId } from './finding_id.ts';
import { EvidenceFacet, Facets } from './facets.tsx';
import { OrderBy } from '../ui/choices.tsx';
import { Sparkline } from './sparkline.tsx';

export function Findings({ report }: { report: Report }) {
  const findings = useMemo(() => passing(report), [report, ...choices.map((one) => one.value)]);
  const rows = rowsOf(report, findings);
  const idOf = (finding: Finding) => findingId(report, finding);
  // The active row is remembered by this: live tables change their order.
  const keyOf = ({ finding, task }: Row): string => task ? `${idOf(finding)}/${task.kind}:${task.id}` : idOf(finding);
  const [active_key, setActiveKey] = useState('');
  const active = active_key ? rows.findIndex((row) => keyOf(row) === active_key) : -1;
  const filter = useFindField();
  const history = findings.some((finding) => historyOf(finding).length > 1);
  const open = (row: Row | undefined) => row && select({ kind: 'finding', id: idOf(row.finding) });

  const onKey = (key: string, index: number): boolean => {
    const row = rows[index];
    if (!row) return false;
    const id = idOf(row.finding);
    if (key === 'ArrowRight') setOpened(id, true);
    else if (key === 'ArrowLeft') {
      setOpened(id, false);
      setActiveKey(keyOf({ finding: row.finding }));
    } else return false;
    return true;
  };

  return (
    <>
      <div class="view-head">
        <div class="filters">
          <EvidenceFacet report={report} />
          <input ref={filter} type="search" aria-label="Filter findings" placeholder="Filter: function, file …"
            value={text.value} onInput={(event) => text.set(event.currentTarget.value)} />
          <Facets report={report} />
          <OrderBy of={order} choices={orders_by} />
          {filtered.value && <button type="button" onClick={clearFilters}>Clear</button>}
        </div>
        <p class="quiet" role="status">{filtered.value && `${plural(findings.length, 'finding')} of ${count(report.findings.length)} shown`}</p>
      </div>
      {rows.length > 0
        ? (
          <Rows
            label="Findings" role="treegrid" id="finding" count={rows.length} height={52} active={active}
            header={<Head history={history} />}
            row={(index, props) => rows[index]!.task
              ? <TaskLine key={props.id} row={rows[index]!} props={props} />
              : <Line key={props.id} finding={rows[index]!.finding} id={idOf(rows[index]!.finding)} props={props} history={history} />}
            onActive={(index) => setActiveKey(keyOf(rows[index]!))}
            onOpen={(index) => open(rows[index])}
            onKey={onKey}
          />
        )
        : <p class="message">{report.findings.length > 0 ? 'No finding passes the filters.' : 'Nothing leaked that can be seen here. Tasks lists all that live.'}</p>}
    </>
  );
}

const orders_by: [value: string, label: string][] = [['evidence', 'evidence'], ['count', 'tasks'], ['age', 'age'], ['memory', 'memory'], ['title', 'title']];

const columns: [key: string, title: string, order?: string][] = [
  ['evidence', 'Evidence', 'evidence'],
  ['count', 'Tasks', 'count'],
  ['title', 'What', 'title'],
  ['created', 'Created at'],
  ['stuck', 'Stuck at'],
  ['age', 'Oldest', 'age'],
  ['memory', 'Memory', 'memory'],
];

function Head({ history }: { history: boolean }) {
  return (
    <div role="row" aria-rowindex={1} class="finding-columns">
      {columns.map(([key, title, by]) => (
        <span key={key} role="columnheader" class={`c-${key}`} aria-sort={by && order.value === by ? 'descending' : undefined}>
          {by ? <button type="button" class="plain" tabIndex={-1} onClick={() => order.set(by)}>{title}{order.value === by ? ' ▾' : ''}</button> : title}
        </span>
      ))}
      {history && <span role="columnheader" class="c-trend">Over time</span>}
    </div>
  );
}

function Line({ finding, id, props, history }: { finding: Finding; id: string; props: RowProps; history: boolean }) {
  const open = opened.value.has(id);
  const created = ownFrame(finding.created_at);
  const stuck = ownFrame(finding.blocked_at) ?? finding.await_chain.find((frame) => frame.self);
  return (
    <div {...props} class={`finding-columns line ${finding.suppressed_by ? 'suppressed' : ''}`} aria-level={1} aria-expanded={open}
      aria-selected={isSelected('finding', id) || isChosen(finding)}>
      <span role="gridcell" class="c-evidence"><EvidenceBadge evidence={finding.evidence} /></span>
      <span role="gridcell" class="c-count">{count(finding.count)}</span>
      <span role="gridcell" class="c-title">
        <button type="button" class="plain twist" tabIndex={-1} aria-label={open ? 'Close tasks' : 'Open tasks'}
          onClick={(event) => { event.stopPropagation(); setOpened(id, !open); }}>{open ? '▾' : '▸'}</button>
        <span class="two">
          <span class="title" title={finding.title}>{shortName(finding.title)}</span>
          <span class="quiet">
            {finding.rule}<span class="places">{created && ` · ${placeText(created)}`}{stuck && ` → ${placeText(stuck)}`}</span>{newness(finding) && <b class="new"> {newness(finding)}</b>}
            {finding.suppressed_by && ` · suppressed by ${finding.suppressed_by}`}{finding.test && <> · in test <b>{finding.test}</b></>}
          </span>
        </span>
      </span>
      <Place frame={created} kind="created" />
      <Place frame={stuck} kind="stuck" extra={finding.wait_object ? `${finding.wait_object.kind} ${finding.wait_object.symbol ?? finding.wait_object.address}` : ''} />
      <span role="gridcell" class="c-age">{finding.age_ns.max ? duration(finding.age_ns.max) : '–'}</span>
      <span role="gridcell" class="c-memory">{finding.bytes_held ? bytes(finding.bytes_held) : '–'}</span>
      {history && <span role="gridcell" class="c-trend"><Sparkline counts={historyOf(finding)} label={`tasks made there, over time: ${historyOf(finding).join(', ')}`} /></span>}
    </div>
  );
}

// Against a baseline; or of several looks: were there none of them at first?
function newness(finding: Finding): string {
  if (finding.baseline === 'new' || finding.new === true) return 'new';
  if (finding.baseline === 'grown') return 'more than the baseline has';
  const history = historyOf(finding);
  return history[0] === 0 && history.length > 1 ? 'new since the first look' : '';
}

function Place({ frame, kind, extra }: { frame: { function: string; file: string | null; line: number } | undefined; kind: string; extra?: string }) {
  return (
    <span role="gridcell" class={`c-${kind} two`} title={frame?.function}>
      <span class="code">{placeText(frame) || '–'}</span>
      <span class="quiet code">{extra || shortName(frame?.function ?? '')}</span>
    </span>
  );
}

function TaskLine({ row, props }: { row: Row; props: RowProps }) {
  const task = row.task!;
  return (
    <div {...props} class="line task-line" aria-level={2} aria-selected={false}>
      <span role="gridcell">{task.kind} {task.id}</span>
      <span role="gridcell">{task.tid ? `tid ${task.tid}` : ''}</span>
      <span role="gridcell" class="code" title={task.name}>{shortName(task.name)}</span>
      <span role="gridcell">{task.state}</span>
      <span role="gridcell">{task.age_ns ? duration(task.age_ns) : ''}</span>
      <span role="gridcell" class="code">{task.labels && <LabelText labels={task.labels} />}</span>
    </div>
  );
}
