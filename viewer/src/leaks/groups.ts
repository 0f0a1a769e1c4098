// The findings that pass the filters, in the order asked for, and the rows of tasks below those that
// are open.
import { computed, signal } from '@preact/signals';
import { evidence_order, type Finding, type FindingTask, type Leaks } from '../model/finding.ts';
import { baseName, ownFrame } from '../model/frame.ts';
import { parameter } from '../state/route.ts';
import { selected_range, setRange } from '../state/selection.ts';
import { madeInRange } from '../state/window.ts';
import { findingId } from './finding_id.ts';
import { findingText } from './search.ts';

export const text = parameter('leaks.q');
export const evidence = parameter('leaks.evidence');
export const rule = parameter('leaks.rule');
export const kind = parameter('leaks.kind');
export const test = parameter('leaks.test');
export const module = parameter('leaks.module');
export const suppressed = parameter('leaks.suppressed', 'hidden');
export const order = parameter('leaks.order', 'evidence');

export const choices = [text, evidence, rule, kind, test, module, suppressed, order, selected_range];

export interface Facet {
  value: string;
  count: number;
}

export const kindOf = (finding: Finding): string => finding.tasks[0]?.kind ?? '';

const modules = new WeakMap<Finding, string>();

export function moduleOf(finding: Finding): string {
  let name = modules.get(finding);
  if (name === undefined) modules.set(finding, name = baseName(ownFrame(finding.created_at)?.module));
  return name;
}

const facet_values: [typeof evidence, (finding: Finding) => string][] = [
  [evidence, (finding) => finding.evidence],
  [rule, (finding) => finding.rule],
  [kind, kindOf],
  [test, (finding) => finding.test ?? ''],
  [module, moduleOf],
];

const rank = (finding: Finding): number => evidence_order.indexOf(finding.evidence);

const orders: Record<string, (a: Finding, b: Finding) => number> = {
  evidence: (a, b) => rank(a) - rank(b) || b.count - a.count,
  count: (a, b) => b.count - a.count,
  age: (a, b) => b.age_ns.max - a.age_ns.max,
  memory: (a, b) => b.bytes_held - a.bytes_held,
  title: (a, b) => (a.title < b.title ? -1 : 1),
};

export function passing(report: Leaks): Finding[] {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = report.findings.filter((finding) =>
    (suppressed.value === 'shown' || !finding.suppressed_by) &&
    facet_values.every(([wanted, of]) => !wanted.value || of(finding) === wanted.value) &&
    (!selected_range.value || finding.tasks.some((task) => madeInRange(task.age_ns, report.uptime_ns))) &&
    (words.length === 0 || words.every((word) => findingText(finding).includes(word))));
  return shown.sort(orders[order.value] ?? orders.evidence);
}

// How many findings each value of a facet has among those that the other facets let through.
export function facetsOf(report: Leaks, of: (finding: Finding) => string, own: typeof evidence): Facet[] {
  const counts = new Map<string, number>();
  for (const finding of report.findings) {
    if (suppressed.value !== 'shown' && finding.suppressed_by) continue;
    if (!facet_values.every(([wanted, value]) => wanted === own || !wanted.value || value(finding) === wanted.value)) continue;
    const value = of(finding);
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
}

export const opened = signal<ReadonlySet<string>>(new Set());

export function setOpened(id: string, open: boolean): void {
  const changed = new Set(opened.peek());
  if (open) changed.add(id);
  else changed.delete(id);
  opened.value = changed;
}

export type Row = { finding: Finding; task?: FindingTask };

export function rowsOf(report: Leaks, findings: readonly Finding[]): Row[] {
  if (opened.value.size === 0) return findings.map((finding) => ({ finding }));
  return findings.flatMap((finding): Row[] =>
    opened.value.has(findingId(report, finding))
      ? [{ finding }, ...finding.tasks.map((task) => ({ finding, task }))]
      : [{ finding }]);
}

export const filtered = computed(() => [text, evidence, rule, kind, test, module, selected_range].some((one) => one.value !== ''));

export function clearFilters(): void {
  for (const one of [text, evidence, rule, kind, test, module]) one.set('');
  setRange(undefined);
}
