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
      <section><h3>Created at</h3><Stack frames={group.created_at} label="Created at" /></section>
    </article>
  );
}
