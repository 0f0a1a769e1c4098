// A group that grew but is no finding of its own; a finding's own panel says more.
import type { Growth, GrowthGroup } from '../model/growth.ts';
import { bytes, count } from '../model/words.ts';
import { documentOf } from '../state/documents.ts';
import { Message } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';

function growthGroup(id: string): { report: Growth; group: GrowthGroup } | undefined {
  const loaded = documentOf<Growth>('growth').value;
  if (loaded.state !== 'ready') return undefined;
  const group = loaded.value.groups.find((one) => one.fingerprint === id);
  return group && { report: loaded.value, group };
}

export function GrowthDetails({ id }: { id: string }) {
  const found = growthGroup(id);
  if (!found) return <Message title="Not in this report"><p>There is no group {id} here.</p></Message>;
  const { report, group } = found;
  return (
    <article>
      <p class="quiet">{group.kind} · {group.fingerprint}</p>
      <h2><Name of={group.title} /></h2>
      <table class="numbers">
        <thead><tr><th scope="col">Dump</th><th scope="col">Tasks</th><th scope="col">Memory</th></tr></thead>
        <tbody>
          {report.dumps.map((dump, i) => (
            <tr key={i}><th scope="row">{dump.label}</th><td>{count(group.counts[i] ?? 0)}</td><td>{group.bytes[i] ? bytes(group.bytes[i]) : '–'}</td></tr>
          ))}
        </tbody>
      </table>
      <section><h3>Created at</h3><Stack frames={group.created_at} label="Created at" /></section>
    </article>
  );
}
