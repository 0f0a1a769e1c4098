// One choice a facet, each with how many findings it leaves; evidence as buttons, for it is asked first.
import { useMemo } from 'preact/hooks';
import { evidence_order, type Finding, type Leaks } from '../model/finding.ts';
import { count } from '../model/words.ts';
import { EvidenceBadge } from '../ui/evidence.tsx';
import { choices, evidence, facetsOf, kind, kindOf, module, moduleOf, rule, suppressed, test } from './groups.ts';

const facets: [label: string, of: (finding: Finding) => string, chosen: typeof evidence][] = [
  ['Rule', (finding) => finding.rule, rule],
  ['Kind', kindOf, kind],
  ['Test', (finding) => finding.test ?? '', test],
  ['Module', moduleOf, module],
];

export function Facets({ report }: { report: Leaks }) {
  const all_values = useMemo(() => facets.map(([, of, chosen]) => facetsOf(report, of, chosen)), [report, ...choices.map((one) => one.value)]);
  return (
    <>
      {facets.map(([label, , chosen], i) => {
        const values = all_values[i]!;
        if (values.length < 2 && !chosen.value) return null;
        return (
          <label key={label} class="facet">{label}
            <select value={chosen.value} onChange={(event) => chosen.set(event.currentTarget.value)}>
              <option value="">all</option>
              {values.map(({ value, count }) => <option key={value} value={value}>{value} ({count})</option>)}
            </select>
          </label>
        );
      })}
      {report.findings.some((finding) => finding.suppressed_by) && (
        <label class="choice">
          <input type="checkbox" checked={suppressed.value === 'shown'} onChange={(event) => suppressed.set(event.currentTarget.checked ? 'shown' : 'hidden')} />
          suppressed
        </label>
      )}
    </>
  );
}

export function EvidenceFacet({ report }: { report: Leaks }) {
  const found = useMemo(
    () => new Map(facetsOf(report, (finding) => finding.evidence, evidence).map((one) => [one.value, one.count])),
    [report, ...choices.map((one) => one.value)],
  );
  return (
    <div class="toggles" role="group" aria-label="Evidence">
      {evidence_order.map((one) => (
        <button key={one} type="button" class="toggle" aria-pressed={evidence.value === one} disabled={!found.has(one) && evidence.value !== one}
          onClick={() => evidence.set(evidence.value === one ? '' : one)}>
          <b>{count(found.get(one) ?? 0)}</b> <EvidenceBadge evidence={one} />
        </button>
      ))}
    </div>
  );
}
