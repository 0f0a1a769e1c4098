// A card that is no single task: a folded group, an object.
import { duration, plural } from '../model/words.ts';
import type { WaitEdge, Waits } from '../model/waits.ts';
import { documentOf } from '../state/documents.ts';
import { select } from '../state/selection.ts';
import { Message } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';
import { type Graph, graphOf, waiters } from './graph.ts';
import { selectionOf } from './waits.tsx';

export function NodeDetails({ id }: { id: string }) {
  const loaded = documentOf<Waits>('waits').value;
  const graph = loaded.state === 'ready' ? graphOf(loaded.value) : undefined;
  const node = graph?.nodes.get(id);
  if (!graph || !node) return <Message title="Not in this report"><p>Nobody waits there now.</p></Message>;
  return (
    <article>
      <p class="quiet">{node.kind === 'group' ? 'tasks at one place' : node.kind}{node.count > 1 && ` · ${plural(node.count, 'task')}`}</p>
      <h2><Name of={node.label} /></h2>
      <p>{node.detail}</p>
      <Edges title="Waits for" edges={graph.waits_for.get(id)} end="to" graph={graph} />
      <Edges title={`Waited for by ${plural(waiters(graph, id), 'task')}`} edges={graph.waited_by.get(id)} end="from" graph={graph} />
      {node.stack.length > 0 && <section><h3>Is at</h3><Stack frames={node.stack} label="Is at" /></section>}
    </article>
  );
}

function Edges({ title, edges, end, graph }: { title: string; edges: readonly WaitEdge[] | undefined; end: 'from' | 'to'; graph: Graph }) {
  if (!edges?.length) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul class="because">
        {edges.slice(0, 50).map((edge, i) => {
          const other = graph.nodes.get(edge[end])!;
          return <li key={i}><button type="button" class="link" onClick={() => select(selectionOf(other))}>{other.label}</button> – {edge.label}, {duration(edge.wait_ns)}</li>;
        })}
      </ul>
    </section>
  );
}
