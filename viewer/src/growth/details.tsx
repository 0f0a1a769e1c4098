// A group of tasks, dump by dump, and the findings among them.
import type { Growth, GrowthGroup } from '../model/growth.ts';
import { bytes, count } from '../model/words.ts';
import { documentOf } from '../state/documents.ts';
import { ShowIn } from '../ui/links.tsx';
import { Message } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';
import { findingsOf } from './of_findings.ts';

function growthGroup(id: string): { report: Growth; group: GrowthGroup } | undefined {
  const loaded = documentOf<Growth>('growth').value;
  if (loaded.state !== 'ready') return undefined;
  const group = loaded.value.groups.find((one) => one.fingerprint === id);
  return group && { report: loaded.value, group };
}

const most_rows = 24;

// Of a live process's many, some: the newest among them.
function shownOf({ live, dumps }: Growth): number[] {
  const all = dumps.map((_, i) => i);
  const step = live ? Math.ceil(dumps.length / most_rows) : 1;
  return all.filter((i) => (dumps.length - 1 - i) % step === 0);
}

export function GrowthDetails({ id }: { id: string }) {
  const found = growthGroup(id);
  if (!found) return <Message title="Not in this report"><p>There is no group {id} here.</p></Message>;
  const { report, group } = found;
  const findings = findingsOf(group);
  return (
    <article>
      <p class="quiet">{group.kind} · {group.fingerprint}</p>
      <h2><Name of={group.title} /></h2>
      <table class="numbers">
        <thead><tr><th scope="col">{report.live ? 'At' : 'Dump'}</th><th scope="col">Tasks</th><th scope="col">Memory</th></tr></thead>
        <tbody>
          {shownOf(report).map((i) => (
            <tr key={i}><th scope="row">{report.dumps[i]!.label || new Date(report.dumps[i]!.taken_ms).toLocaleTimeString()}</th><td>{count(group.counts[i] ?? 0)}</td><td>{group.bytes[i] ? bytes(group.bytes[i]) : '–'}</td></tr>
          ))}
        </tbody>
      </table>
      {findings.length > 0 && (
        <section>
          <h3>Findings among them</h3>
          <ul class="because">{findings.map(({ id: of, finding }) => <li key={of}><ShowIn what={{ kind: 'finding', id: of }} in="leaks">{finding.title}</ShowIn></li>)}</ul>
        </section>
      )}
      <section><h3>Created at</h3><Stack frames={group.created_at} label="Created at" /></section>
    </article>
  );
}
