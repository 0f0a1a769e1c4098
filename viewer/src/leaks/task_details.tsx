// One task: what it does and for how long, who made it, whom it waits for, which findings name it.
import type { Finding } from '../model/finding.ts';
import { placeText } from '../model/frame.ts';
import { labelText, type TaskRow } from '../model/task.ts';
import { bytes, count, duration, objectText, plural } from '../model/words.ts';
import { leaks } from '../state/documents.ts';
import { ShowIn } from '../ui/links.tsx';
import { Message } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';
import { findingId } from './finding_id.ts';
import { findTask, idOf } from './task_rows.ts';

export function TaskDetails({ id }: { id: string }) {
  const found = findTask(id);
  const named = <Findings id={id} />;
  if (!found) return <Message title={id.replace(':', ' ')}><p>It is not among the tasks of this report: it ended, or the list was cut short.</p>{named}</Message>;
  const { row, pid } = found;
  return (
    <article>
      <p class="quiet">{row.kind} {row.id}{row.tid > 0 && ` · tid ${row.tid}`} · process {pid}{row.main && ' · main thread'}</p>
      <h2>{row.count > 1 && `${count(row.count)} × `}<Name of={row.name || `${row.kind} ${row.id}`} /></h2>
      <dl class="facts">{facts(row).map(([term, text]) => <div key={term}><dt>{term}</dt><dd>{text}</dd></div>)}</dl>
      <p class="actions">
        <ShowIn what={{ kind: 'task', id }} in="waits" />
        <ShowIn what={{ kind: 'task', id }} in="timeline" />
        <Other kind="thread" id={row.creator} pid={pid}>Created by</Other>
        <Other kind="coroutine" id={row.awaits} pid={pid}>Awaits</Other>
        <Other kind="coroutine" id={row.awaited_by} pid={pid}>Awaited by</Other>
        <Other kind="thread" id={row.thread} pid={pid}>Runs on</Other>
      </p>
      {named}
      <div class="stacks">
        {row.await
          ? <section><h3>Suspended at</h3><Stack frames={[row.await]} label="Suspended at" /></section>
          : row.at.length > 0 && <section><h3>Is at</h3><Stack frames={row.at} label="Is at" /></section>}
        <section><h3>Created at</h3><Stack frames={row.created_at} label="Created at" /></section>
      </div>
    </article>
  );
}

function facts(row: TaskRow): [string, string][] {
  const facts: [string, string][] = [['State', stateText(row)]];
  const object = row.wait_object;
  if (object) facts.push(['Waits on', `${object.kind} ${objectText(object.kind, object.address)}${object.symbol ? ` (${object.symbol})` : ''}${object.timed ? ', with a time limit' : ''}`]);
  if (row.waits_for) facts.push(['Waits for', row.waits_for]);
  const kept = row.kept_by ?? row.wait_object_kept_by;
  if (kept) facts.push([row.kept_by ? 'Kept by' : 'Object kept by', kept]);
  if (row.age_ns) facts.push(['Age', duration(row.age_ns)]);
  if (row.bytes) facts.push(['Memory', bytes(row.bytes)]);
  if (row.await) facts.push(['Awaits', `${row.await.awaiter_type ?? 'something'} at ${placeText(row.await)}${row.await.exact ? '' : ' (not exactly known)'}`]);
  if (row.resumes !== undefined) facts.push(['Resumed', plural(row.resumes, 'time')]);
  if (row.await_cycle) facts.push(['', 'is part of a cycle of awaits']);
  if (row.labels) facts.push(['Labels', labelText(row.labels)]);
  if (row.labels_now) facts.push(['Labels now', labelText(row.labels_now) || 'none']);
  if (row.sched) facts.push(['Ran', `${duration(row.sched.cpu_ns)} on a CPU, waited ${duration(row.sched.queue_ns)} for one`]);
  return facts;
}

function stateText({ state, since_ns }: TaskRow): string {
  if (!since_ns) return state;
  return state === 'ended' ? `ended ${duration(since_ns)} ago` : `${state} for ${duration(since_ns)}`;
}

function Other({ kind, id, pid, children }: { kind: string; id: number | undefined; pid: number; children: string }) {
  if (!id) return null;
  return <ShowIn what={{ kind: 'task', id: idOf({ kind, id }, pid) }} in="leaks" also={{ 'leaks.tab': 'tasks' }}>{`${children} ${kind} ${id}`}</ShowIn>;
}

// Findings that name this task.
function Findings({ id }: { id: string }) {
  const loaded = leaks().value;
  const [task = '', pid] = id.split('@');
  const naming = loaded.state === 'ready'
    ? loaded.value.findings.filter((finding) =>
      (!pid || finding.pid === Number(pid)) && finding.tasks.some((one) => `${one.kind}:${one.id}` === task))
    : [];
  if (naming.length === 0 || loaded.state !== 'ready') return null;
  const idOfFinding = (finding: Finding) => findingId(loaded.value, finding);
  return (
    <ul class="because">
      {naming.map((finding) => (
        <li key={idOfFinding(finding)}>
          {finding.evidence}: <ShowIn what={{ kind: 'finding', id: idOfFinding(finding) }} in="leaks" also={{ 'leaks.tab': '' }}>{finding.title}</ShowIn>
        </li>
      ))}
    </ul>
  );
}
