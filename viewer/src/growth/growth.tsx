// What there is more of from dump to dump: curves of the fastest, and all groups as a table.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Growth as Report, GrowthGroup } from '../model/growth.ts';
import { ownFrame, placeText } from '../model/frame.ts';
import { bytes, count, duration, plural, shortName } from '../model/words.ts';
import { documentOf } from '../state/documents.ts';
import { parameter } from '../state/route.ts';
import { select, selection } from '../state/selection.ts';
import { isDark } from '../state/settings.ts';
import { startMs } from '../state/window.ts';
import { Choice, OrderBy } from '../ui/choices.tsx';
import { type RowProps, Rows } from '../ui/rows.tsx';
import { Section } from '../ui/section.tsx';
import { Sparkline } from '../leaks/sparkline.tsx';
import { Curves } from './curves.tsx';
import { markOf, most_curves } from './marks.ts';
import { cutTo, looksInRange, RangeChoice } from './looks.tsx';
import { chosenGroups, findingsOf } from './of_findings.ts';

const measure = parameter('growth.of', 'counts');
const order = parameter('growth.order', 'slope');

const orders: Record<string, (a: GrowthGroup, b: GrowthGroup) => number> = {
  slope: (a, b) => b.per_hour - a.per_hour,
  last: (a, b) => (b.counts.at(-1) ?? 0) - (a.counts.at(-1) ?? 0),
  memory: (a, b) => (b.bytes.at(-1) ?? 0) - (a.bytes.at(-1) ?? 0),
  title: (a, b) => (a.title < b.title ? -1 : 1),
};

export function Growth() {
  return <Section of={documentOf<Report>('growth').value}>{(report) => <Shown report={report} />}</Section>;
}

function Shown({ report: whole }: { report: Report }) {
  const [first, last] = looksInRange(whole);
  const report = useMemo(() => cutTo(whole, first, last), [whole, first, last]);
  const groups = useMemo(() => [...report.groups].sort(orders[order.value] ?? orders.slope), [report, order.value]);
  const chosen = chosenGroups();
  const drawn = useMemo(() => drawnOf(report, chosen), [report, chosen.join()]);
  const [active_id, setActiveId] = useState(chosen[0] ?? '');
  const active = active_id ? groups.findIndex((one) => one.fingerprint === active_id) : -1;
  // What another view or a link selected is brought into sight.
  useEffect(() => setActiveId((last) => (chosen.length === 0 || chosen.includes(last) ? last : chosen[0]!)), [chosen.join()]);
  const grew = report.live ? floorRose : grewEachTime;
  const growing = report.groups.filter(grew).length;
  if (whole.dumps.length < 2) return <p class="message">Growth needs two dumps or more of one process: <code>track html 1.dump 2.dump -o report.html</code></p>;
  return (
    <div class="view growth">
      <div class="view-title">
        <h2>{growing > 0 ? `${plural(growing, 'group')} grew ${period(report)}` : `Nothing grew ${period(report)}`}</h2>
      </div>
      <div class="view-head">
        <div class="filters">
          <Choice label="Show" of={measure} choices={[['counts', 'number of tasks'], ['bytes', 'memory held']]} />
          <OrderBy of={order} choices={[['slope', 'growth per hour'], ['last', 'number in the last dump'], ['memory', 'memory'], ['title', 'title']]} />
          {startMs() !== undefined && <RangeChoice report={whole} first={first} last={last} />}
        </div>
      </div>
      {drawn.length > 0 && <Curves dumps={whole.dumps} groups={drawn.map((one) => whole.groups.find((of) => of.fingerprint === one.fingerprint)!)} range={[first, last]} of={measure.value === 'bytes' ? 'bytes' : 'counts'} chosen={chosen} />}
      <Rows label="Groups" id="growth" count={groups.length} height={44} active={active} onActive={(index) => setActiveId(groups[index]!.fingerprint)}
        header={<Head />} onOpen={(index) => open(groups[index]!)}
        row={(index, props) => <Line key={groups[index]!.fingerprint} group={groups[index]!} chosen={chosen.includes(groups[index]!.fingerprint)} mark={drawn.indexOf(groups[index]!)} grew={grew(groups[index]!) && (report.live ? 'grows' : 'grew every time')} props={props} />} />
    </div>
  );
}

// How long that is, in the title.
function period({ live, dumps }: Report): string {
  if (!live) return `from each of ${dumps.length} dumps to the next`;
  return `in the last ${duration((dumps.at(-1)!.taken_ms - dumps[0]!.taken_ms) * 1e6)}`;
}

// Of what comes and goes: not even when there were fewest of it, it was as few as before.
function floorRose({ counts }: GrowthGroup): boolean {
  const third = Math.ceil(counts.length / 3);
  return Math.min(...counts.slice(-third)) > Math.min(...counts.slice(0, third));
}

// What never shrank need not have grown.
function grewEachTime({ counts }: GrowthGroup): boolean {
  return counts.every((n, i) => i === 0 || n > counts[i - 1]!);
}

// The fastest, and what is selected.
function drawnOf(report: Report, chosen: readonly string[]): GrowthGroup[] {
  const all = [...report.groups].sort(orders.slope);
  const wanted = all.filter((one, i) => i >= most_curves && chosen.includes(one.fingerprint)).slice(0, most_curves);
  return [...all.slice(0, most_curves - wanted.length), ...wanted];
}

// A finding that is selected stays so when its own curve is opened.
function open(group: GrowthGroup): void {
  if (selection.peek()?.kind === 'finding' && chosenGroups(selection.peek()).includes(group.fingerprint)) return;
  const of = findingsOf(group);
  select(of.length === 1 ? { kind: 'finding', id: of[0]!.id } : { kind: 'growth', id: group.fingerprint });
}

function hourText(per_hour: number): string {
  const rounded = Math.abs(per_hour) < 100 ? Math.round(per_hour * 10) / 10 : Math.round(per_hour);
  return `${rounded > 0 ? '+' : ''}${count(rounded || 0)}`;
}

function Head() {
  return (
    <div role="row" aria-rowindex={1} class="growth-columns">
      <span role="columnheader">Curve</span>
      <span role="columnheader">Group</span>
      <span role="columnheader" class="c-created">Created at</span>
      <span role="columnheader" class="number c-first">First</span>
      <span role="columnheader" class="number">Last</span>
      <span role="columnheader" class="number">Per hour</span>
      <span role="columnheader" class="number c-memory">Memory</span>
      <span role="columnheader" class="c-trend">Over time</span>
    </div>
  );
}

function Line({ group, mark, grew, chosen, props }: { group: GrowthGroup; mark: number; grew: string | false; chosen: boolean; props: RowProps }) {
  const created = ownFrame(group.created_at);
  const findings = findingsOf(group).length;
  const how = mark >= 0 ? markOf(mark, isDark()) : undefined;
  return (
    <div {...props} class="line growth-columns" aria-selected={chosen}>
      <span role="gridcell">{how && <b class="curve-mark" style={{ borderColor: how.colour, color: how.colour }}>{how.letter}</b>}</span>
      <span role="gridcell" class="two"><span class="title" title={group.title}>{shortName(group.title)}</span><span class="quiet">{group.kind}{grew && ` · ${grew}`}{findings > 0 && ` · ${plural(findings, 'finding')}`}</span></span>
      <span role="gridcell" class="code c-created" title={created?.function}>{placeText(created) || '–'}</span>
      <span role="gridcell" class="number c-first">{count(group.counts[0] ?? 0)}</span>
      <span role="gridcell" class="number">{count(group.counts.at(-1) ?? 0)}</span>
      <span role="gridcell" class="number">{hourText(group.per_hour)}</span>
      <span role="gridcell" class="number c-memory">{group.bytes.at(-1) ? bytes(group.bytes.at(-1)) : '–'}</span>
      <span role="gridcell" class="c-trend"><Sparkline counts={group.counts} /></span>
    </div>
  );
}
