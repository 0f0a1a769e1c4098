// The wait-for graph with its edges at hand, and the part of it that is drawn.
import { ownFrame } from '../model/frame.ts';
import { labelText, taskId, type TaskRow } from '../model/task.ts';
import type { WaitEdge, WaitGraph, WaitNode, Waits } from '../model/waits.ts';
import { briefName, count, duration, shortName } from '../model/words.ts';

export interface Graph {
  nodes: Map<string, WaitNode>;
  edges: WaitEdge[];
  waits_for: Map<string, WaitEdge[]>;
  waited_by: Map<string, WaitEdge[]>;
  // Each with its number: D1, D2, ...
  cycles: string[][];
  cycle_of: Map<string, number>;
}

export const empty: WaitGraph = { nodes: [], edges: [], cycles: [] };
const made = new WeakMap<Waits, Graph>();

export function graphOf(waits: Waits): Graph {
  let graph = made.get(waits);
  if (!graph) made.set(waits, graph = build(waits.graph ?? empty));
  return graph;
}

export function build({ nodes, edges, cycles }: WaitGraph): Graph {
  const by_id = new Map(nodes.map((node) => [node.id, node]));
  // A list that was cut short may name nodes that are not in it.
  const sound = edges.filter((edge) => by_id.has(edge.from) && by_id.has(edge.to));
  const rings = cycles.map((ring) => ring.filter((id) => by_id.has(id))).filter((ring) => ring.length > 0);
  const cycle_of = new Map<string, number>();
  rings.forEach((ring, i) => ring.forEach((id) => { if (!cycle_of.has(id)) cycle_of.set(id, i); }));
  return { nodes: by_id, edges: sound, waits_for: group(sound, 'from'), waited_by: group(sound, 'to'), cycles: rings, cycle_of };
}

function group(edges: readonly WaitEdge[], end: 'from' | 'to'): Map<string, WaitEdge[]> {
  const groups = new Map<string, WaitEdge[]>();
  for (const edge of edges) {
    const known = groups.get(edge[end]);
    if (known) known.push(edge);
    else groups.set(edge[end], [edge]);
  }
  return groups;
}

export const most_drawn = 400;

// Cycles first, then what is near them or near the selection, then what holds up most.
export function drawnPart(graph: Graph, focus: string | undefined): Set<string> {
  const part = new Set<string>();
  const queue = [...(focus ? [focus] : []), ...graph.cycles.flat(), ...[...graph.nodes.keys()].sort((a, b) => waiters(graph, b) - waiters(graph, a))];
  for (const seed of queue) {
    const near = [seed];
    for (let i = 0; i < near.length && part.size < most_drawn; ++i) {
      const id = near[i]!;
      if (part.has(id)) continue;
      part.add(id);
      for (const edge of graph.waits_for.get(id) ?? []) near.push(edge.to);
      for (const edge of graph.waited_by.get(id) ?? []) near.push(edge.from);
    }
    if (part.size >= most_drawn) break;
  }
  return part;
}

const sums = new WeakMap<Graph, Map<string, number>>();

// How many tasks wait for this one, directly or behind others.
export function waiters(graph: Graph, id: string): number {
  let known = sums.get(graph);
  if (!known) sums.set(graph, known = new Map());
  const before = known.get(id);
  if (before !== undefined) return before;
  const seen = new Set([id]);
  let sum = 0;
  for (const next of seen)
    for (const { from } of graph.waited_by.get(next) ?? []) {
      if (seen.has(from)) continue;
      seen.add(from);
      sum += graph.nodes.get(from)!.count || 1;
    }
  known.set(id, sum);
  return sum;
}

const names_tasks = /^(\d+ )?(thread|coroutine|fiber|task)s?\b/;

// What differs between tasks stands first: where they are; then which they are.
export function cardLines(node: WaitNode): [string, string] {
  if (node.kind === 'object') return [shortName(node.label), shortName(node.detail)];
  const [who, place] = names_tasks.test(node.detail) ? [node.detail, node.label] : [node.label, node.detail];
  const frame = ownFrame(node.stack);
  const where = frame?.function ? briefName(frame.function) : shortName(place);
  const named = `${shortName(who)}${node.labels ? ` [${node.labels}]` : ''}`;
  return where ? [where, named] : [named, ''];
}

// A label may begin with how many there are.
export function times(node: WaitNode): string {
  return node.count > 1 && !/^\d/.test(node.label) && !/^\d/.test(node.detail) ? `${count(node.count)} × ` : '';
}

// The labels of the tasks behind single cards. They are another section's, and may come or change later.
export function addLabels(graph: Graph, rows: Iterable<TaskRow>): void {
  const known = new Map<string, string>();
  for (const row of rows) if (row.labels || row.labels_now) known.set(taskId(row), labelText(row.labels_now ?? row.labels));
  for (const node of graph.nodes.values())
    node.labels = node.task === undefined || node.count > 1 ? undefined : known.get(`${node.kind}:${node.task}`);
}

export function nodeOfTask(graph: Graph, task: string): WaitNode | undefined {
  const [kind, id] = task.split('@')[0]!.split(':');
  for (const node of graph.nodes.values()) if (node.kind === kind && String(node.task) === id) return node;
  return undefined;
}

// For how long, where that is known.
export function waitText(edge: WaitEdge, separator = ' · '): string {
  return edge.wait_ns > 0 ? `${edge.label}${separator}${duration(edge.wait_ns)}` : edge.label;
}
