// All tasks of all processes as one list; what their filters let through.
import { type Frame, ownFrame, placeText } from '../model/frame.ts';
import { labelText, taskId, type TaskRow, type Tasks } from '../model/task.ts';
import { shortName } from '../model/words.ts';
import { tasks, whenRead } from '../state/documents.ts';
import { parameter } from '../state/route.ts';
import { selected_range, show } from '../state/selection.ts';
import { madeInRange } from '../state/window.ts';
import type { Hit } from '../views/view.ts';

export interface TaskOf {
  row: TaskRow;
  pid: number;
  // `thread:3`, with the process where there are several: `thread:3@4711`.
  id: string;
}

const lists = new WeakMap<Tasks, TaskOf[]>();

export function taskRows(all: Tasks): TaskOf[] {
  let list = lists.get(all);
  if (!list) {
    const several = all.processes.length > 1;
    list = all.processes.flatMap(({ pid, tasks: rows }) =>
      rows.map((row) => ({ row, pid, id: several ? `${taskId(row)}@${pid}` : taskId(row) })));
    lists.set(all, list);
  }
  return list;
}

export function findTask(id: string): TaskOf | undefined {
  const loaded = tasks().value;
  return loaded.state === 'ready' ? taskRows(loaded.value).find((one) => one.id === id) : undefined;
}

// The id of a task that a finding of process `pid` names.
export function idOf(task: { kind: string; id: number }, pid: number): string {
  const loaded = tasks().value;
  const several = loaded.state === 'ready' && loaded.value.processes.length > 1;
  return several ? `${taskId(task)}@${pid}` : taskId(task);
}

// Where a task is: the line of its co_await, or its innermost own frame.
export function whereOf(row: TaskRow): Frame | undefined {
  return row.await ?? ownFrame(row.at);
}

export const text = parameter('tasks.q');
export const kind = parameter('tasks.kind');
export const state = parameter('tasks.state');
export const min_age = parameter('tasks.age', '0');
export const order = parameter('tasks.order', 'since');

export const choices = [text, kind, state, min_age, order, selected_range];

const orders: Record<string, (a: TaskRow, b: TaskRow) => number> = {
  // What ended is the past.
  since: (a, b) => Number(a.state === 'ended') - Number(b.state === 'ended') || b.since_ns - a.since_ns,
  age: (a, b) => b.age_ns - a.age_ns,
  count: (a, b) => b.count - a.count,
  memory: (a, b) => b.bytes - a.bytes,
  id: (a, b) => (a.kind === b.kind ? a.id - b.id : a.kind < b.kind ? 1 : -1),
};

const texts = new WeakMap<TaskRow, string>();

function rowText(row: TaskRow): string {
  let made = texts.get(row);
  if (made === undefined) {
    const frames = [...row.at, ...row.created_at, ...(row.await ? [row.await] : [])];
    const object = row.wait_object;
    made = [
      `${row.kind} ${row.id}`, row.name, String(row.tid), row.state, object?.kind, object?.address, object?.symbol, labelText(row.labels), labelText(row.labels_now),
      ...frames.map((frame) => `${frame.function} ${frame.file ?? ''}:${frame.line}`),
    ].join('\n').toLowerCase();
    texts.set(row, made);
  }
  return made;
}

export function passing(all: Tasks): TaskOf[] {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const oldest = Number(min_age.value) * 1e9;
  return taskRows(all)
    .filter(({ row }) =>
      (!kind.value || row.kind === kind.value) && (!state.value || row.state === state.value) &&
      row.age_ns >= oldest && madeInRange(row.age_ns) && words.every((word) => rowText(row).includes(word)))
    .sort((a, b) => (orders[order.value] ?? orders.since!)(a.row, b.row));
}

export async function findTasks(words: readonly string[], limit: number): Promise<Hit[]> {
  const loaded = await whenRead(tasks());
  if (loaded.state !== 'ready') return [];
  const hits: Hit[] = [];
  for (const { row, id } of taskRows(loaded.value)) {
    if (!words.every((word) => rowText(row).includes(word))) continue;
    hits.push({
      label: `${row.kind} ${row.id} ${shortName(row.name)}`,
      detail: `${row.state} · ${placeText(whereOf(row))}`,
      open: () => show('leaks', { kind: 'task', id }, { 'leaks.tab': 'tasks' }),
    });
    if (hits.length === limit) break;
  }
  return hits;
}
