// Of the wait graph, what was going on in the chosen range of time.
import type { Waits } from '../model/waits.ts';
import { waitedInRange } from '../state/window.ts';
import { build, empty, type Graph } from './graph.ts';

export function duringRange(waits: Waits): Graph {
  const { nodes, edges, cycles } = waits.graph ?? empty;
  const there = edges.filter((edge) => waitedInRange(edge.wait_ns));
  const ends = new Set(there.flatMap((edge) => [edge.from, edge.to]));
  return build({ nodes: nodes.filter((node) => ends.has(node.id)), edges: there, cycles: cycles.filter((ring) => ring.every((id) => ends.has(id))) });
}
