// All that is known of one finding, in the order in which it convinces: what, why, where made, where
// stuck, held by what.
import type { AwaitFrame, Finding } from '../model/finding.ts';
import { placeText } from '../model/frame.ts';
import { labelText } from '../model/task.ts';
import { bytes, count, duration, plural } from '../model/words.ts';
import { groupsOf } from '../growth/of_findings.ts';
import { leaks } from '../state/documents.ts';
import { CopyButton } from '../ui/copy.tsx';
import { ShowIn } from '../ui/links.tsx';
import { EvidenceBadge } from '../ui/evidence.tsx';
import { Message } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';
import { markdown, suppression } from './export.ts';
import { findingOf } from './finding_id.ts';
import { idOf } from './task_rows.ts';

export function FindingDetails({ id }: { id: string }) {
  const loaded = leaks().value;
  const finding = loaded.state === 'ready' ? findingOf(loaded.value, id) : undefined;
  if (!finding) return <Message title="Not in this report"><p>There is no finding {id} here.</p></Message>;
  return (
    <article>
      <p><EvidenceBadge evidence={finding.evidence} /> <span class="quiet">{finding.rule} · {finding.fingerprint}</span></p>
      <h2><Name of={finding.title} /></h2>
      <p class="facts">{facts(finding)}</p>
      {finding.test && <p>In test <b>{finding.test}</b></p>}
      <p class="actions">
        {finding.tasks[0] && <ShowIn what={taskOf(finding)} in="waits" />}
        {finding.tasks[0] && <ShowIn what={taskOf(finding)} in="timeline" />}
        {groupsOf(finding).length > 0 && <ShowIn what={{ kind: 'finding', id }} in="growth" />}
      </p>
      {finding.suppressed_by && <p class="quiet">Suppressed by <code>{finding.suppressed_by}</code></p>}
      <section><h3>Because</h3><ul class="because">{finding.because.map((line, i) => <li key={i}>{line}</li>)}</ul></section>
      {finding.kept_by.length > 0 && <section><h3>Kept by</h3><ul class="because">{finding.kept_by.map((line, i) => <li key={i}>{line}</li>)}</ul></section>}
      <WaitsOn finding={finding} />
      <div class="stacks">
        <section><h3>Created at</h3><Stack frames={finding.created_at} label="Created at" /></section>
        {finding.blocked_at.length > 0 && <section><h3>Stuck at</h3><Stack frames={finding.blocked_at} label="Stuck at" /></section>}
      </div>
      {finding.await_chain.length > 0 && <AwaitChain chain={finding.await_chain} cycle={finding.await_cycle} />}
      <Tasks finding={finding} />
      <p class="actions">
        <CopyButton label="Copy suppression" text={() => suppression(finding)} />
        <CopyButton label="Copy as Markdown" text={() => markdown(finding)} />
      </p>
    </article>
  );
}

function taskOf(finding: Finding, task = finding.tasks[0]!): { kind: 'task'; id: string } {
  return { kind: 'task', id: idOf(task, finding.pid) };
}

// The threads of a cycle have stacks of their own; the tasks of a group are all at the same place.
function Tasks({ finding }: { finding: Finding }) {
  const own = finding.tasks.filter((task) => (task.blocked_at?.length ?? 0) > 0);
  const labels = labelsOf(finding);
  return (
    <section>
      <h3>Tasks</h3>
      {labels.length > 0 && <p>Labels: {labels.map(([text, n], i) => <span key={text}>{i > 0 && ', '}<code>{text}</code>{labels.length > 1 && ` (${count(n)})`}</span>)}</p>}
      {own.length > 0
        ? own.map((task) => (
          <div key={task.id} class="task-stacks">
            <h4><ShowIn what={taskOf(finding, task)} in="leaks" also={{ 'leaks.tab': 'tasks' }}>{`${task.kind} ${task.id} ${task.name}`}</ShowIn></h4>
            <Stack frames={task.blocked_at!} label={`${task.kind} ${task.id} is stuck at`} />
          </div>
        ))
        : (
          <p class="names">
            {finding.tasks.slice(0, few).map((task) => (
              <ShowIn key={task.id} what={taskOf(finding, task)} in="leaks" also={{ 'leaks.tab': 'tasks' }}>{`${task.kind} ${task.id}`}</ShowIn>
            ))}
            {finding.count > few && <span class="quiet"> and {finding.count - Math.min(few, finding.tasks.length)} more</span>}
          </p>
        )}
    </section>
  );
}

const few = 12;

// How many of the tasks that are named have which.
function labelsOf(finding: Finding): [text: string, count: number][] {
  const counts = new Map<string, number>();
  for (const task of finding.tasks)
    if (task.labels) counts.set(labelText(task.labels), (counts.get(labelText(task.labels)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, few);
}

function facts(finding: Finding): string {
  const parts = [plural(finding.count, 'task')];
  if (finding.age_ns.max) parts.push(`oldest ${duration(finding.age_ns.max)}`);
  if (finding.count > 1 && finding.age_ns.max) parts.push(`youngest ${duration(finding.age_ns.min)}`);
  if (finding.bytes_held > 0) parts.push(`${bytes(finding.bytes_held)} held`);
  return parts.join(' · ');
}

function WaitsOn({ finding }: { finding: Finding }) {
  const object = finding.wait_object;
  if (!object) return null;
  return (
    <section>
      <h3>Waits on</h3>
      <p>{object.kind} <code>{object.address}</code>{object.symbol && <> (<code>{object.symbol}</code>)</>}{object.owner && `, held by ${object.owner}`}</p>
    </section>
  );
}

function AwaitChain({ chain, cycle }: { chain: readonly AwaitFrame[]; cycle: boolean }) {
  return (
    <section>
      <h3>{cycle ? 'Await cycle' : 'Await chain'}</h3>
      <ol class="stack" aria-label="Await chain">
        {chain.map((frame, i) => (
          <li key={i} class={frame.self ? 'own' : 'library'}>
            <span class="function"><Name of={frame.function} /></span>
            <span class="place" title={frame.file ?? ''}>{placeText(frame)}</span>
            <span class="quiet"> {frame.stage}{frame.certain ? '' : ' (not certain)'}{frame.self ? ' – this one' : ''}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
