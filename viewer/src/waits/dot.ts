// The graph for Graphviz.
import type { Graph } from './graph.ts';
import { duration } from '../model/words.ts';

// Control characters would end the line in some readers.
function quoted(text: string): string {
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
}

export function dot(graph: Graph): string {
  const lines = ['digraph waits {', '  rankdir=TB; node [shape=box, fontname="sans-serif", fontsize=10]; edge [fontname="sans-serif", fontsize=9];'];
  graph.cycles.forEach((ring, i) => {
    lines.push(`  subgraph cluster_d${i + 1} { label="D${i + 1}"; color=red; peripheries=2; ${ring.map(quoted).join('; ')}; }`);
  });
  for (const node of graph.nodes.values()) {
    const label = [node.count > 1 ? `${node.label} (${node.count})` : node.label, node.detail].filter(Boolean).map((one) => quoted(one).slice(1, -1)).join('\\n');
    lines.push(`  ${quoted(node.id)} [label="${label}"];`);
  }
  for (const edge of graph.edges)
    lines.push(`  ${quoted(edge.from)} -> ${quoted(edge.to)} [label=${quoted(`${edge.label} ${duration(edge.wait_ns)}`)}${edge.certain ? '' : ', style=dashed'}];`);
  return `${[...lines, '}'].join('\n')}\n`;
}
