// One choice a facet, each with how many findings it leaves.
import type { Finding, Leaks } from '../model/finding.ts';
import { evidence, facetsOf, kind, kindOf, module, moduleOf, rule, suppressed } from './groups.ts';

const facets: [label: string, of: (finding: Finding) => string, chosen: typeof evidence][] = [
  ['Evidence', (finding) => finding.evidence, evidence],
  ['Rule', (finding) => finding.rule, rule],
  ['Kind', kindOf, kind],
  ['Module', moduleOf, module],
];

export function Facets({ report }: { report: Leaks }) {
  return (
    <>
      {facets.map(([label, of, chosen]) => {
        const values = facetsOf(report, of, chosen);
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
