// Section waits.json: `track hang --json`, and who waits for whom as a graph.
import type { Frame } from './frame.ts';
import type { Leaks } from './finding.ts';

export interface WaitNode {
  id: string;
  kind: string;
  label: string;
  detail: string;
  count: number;
  state: string;
  task?: number;
  labels?: string; // of that task, put here by the view
  stack: Frame[];
}

// From who waits to whom is waited for.
export interface WaitEdge {
  from: string;
  to: string;
  label: string;
  object: string;
  wait_ns: number;
  certain: boolean;
}

export interface WaitGraph {
  nodes: WaitNode[];
  edges: WaitEdge[];
  cycles: string[][];
}

export interface Waits extends Leaks {
  hang: { pid: number; standing: { where: string; coroutines: number; awaiting: number }[] }[];
  graph?: WaitGraph;
}
