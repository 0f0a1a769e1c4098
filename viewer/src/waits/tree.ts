// The same graph as a tree: cycles with their members first, then who is waited for and does not
// wait, each with those that wait below. A task that waits for two stands below both; below itself
// it is not opened again.
import type { WaitEdge, WaitNode } from '../model/waits.ts';
import { type Graph, waiters } from './graph.ts';

export interface TreeRow {
  key: string;
  level: number;
  node?: WaitNode;
  // The wait that puts it here.
  edge?: WaitEdge;
  cycle?: number;
  expandable: boolean;
}

export function treeRows(graph: Graph, closed: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const below = (id: string, key: string, level: number, path: ReadonlySet<string>) => {
    const edges = [...(graph.waited_by.get(id) ?? [])].sort((a, b) => waiters(graph, b.from) - waiters(graph, a.from) || b.wait_ns - a.wait_ns);
    for (const edge of edges) {
      const node = graph.nodes.get(edge.from)!;
      if (path.has(node.id) || (graph.cycle_of.has(node.id) && graph.cycle_of.get(node.id) === graph.cycle_of.get(id))) continue;
      add(node, `${key}/${node.id}`, level, path, edge);
    }
  };
  const add = (node: WaitNode, key: string, level: number, path: ReadonlySet<string>, edge?: WaitEdge) => {
    const expandable = (graph.waited_by.get(node.id) ?? []).some((one) => !path.has(one.from) && one.from !== node.id && graph.cycle_of.get(one.from) === undefined);
    rows.push({ key, level, node, ...(edge && { edge }), expandable });
    if (expandable && !closed.has(key)) below(node.id, key, level + 1, new Set(path).add(node.id));
  };
  graph.cycles.forEach((ring, i) => {
    const key = `D${i + 1}`;
    rows.push({ key, level: 1, cycle: i, expandable: true });
    if (closed.has(key)) return;
    const members = new Set(ring);
    for (const id of ring) {
      const edge = (graph.waits_for.get(id) ?? []).find((one) => members.has(one.to));
      add(graph.nodes.get(id)!, `${key}/${id}`, 2, members, edge);
    }
  });
  const roots = [...graph.nodes.values()]
    .filter((node) => !graph.cycle_of.has(node.id) && !(graph.waits_for.get(node.id)?.length))
    .sort((a, b) => waiters(graph, b.id) - waiters(graph, a.id));
  for (const node of roots) add(node, node.id, 1, new Set());
  return rows;
}
