// What to look at first: the deadlocks, who holds up most, who waits longest, where coroutines stand.
import type { ComponentChildren } from 'preact';
import type { Waits } from '../model/waits.ts';
import { count, duration, ofLibrary, plural } from '../model/words.ts';
import { EvidenceBadge } from '../ui/evidence.tsx';
import { ShowIn } from '../ui/links.tsx';
import { cardLines, type Graph, waiters } from './graph.ts';

const few = 8;

export function HotSpots({ waits, graph, focus, onFocus }: { waits: Waits; graph: Graph; focus: string | undefined; onFocus(id: string): void }) {
  const awaited = [...graph.nodes.values()].filter((node) => waiters(graph, node.id) > 0);
  // What asio's own coroutines wait for is told by those of the program that wait for them.
  const own = awaited.filter((node) => !ofLibrary(cardLines(node)[0].replace(/ at .*/, '')));
  const blockers = (own.length > 0 ? own : awaited).sort((a, b) => waiters(graph, b.id) - waiters(graph, a.id));
  const longest = graph.edges.filter((edge) => edge.wait_ns > 0).sort((a, b) => b.wait_ns - a.wait_ns);
  const item = (id: string, title: ComponentChildren, aside: string) => (
    <li key={id}><button type="button" class="spot" aria-pressed={id === focus} onClick={() => onFocus(id)}><span>{title}</span><span class="quiet">{aside}</span></button></li>
  );
  const nameOf = (id: string) => cardLines(graph.nodes.get(id)!)[0];
  const findings = waits.findings ?? [];
  const standing = (waits.hang ?? []).flatMap((one) => one.standing ?? []).sort((a, b) => b.coroutines - a.coroutines);
  return (
    <nav class="spots" aria-label="What to look at">
      {graph.cycles.length > 0 && (
        <section>
          <h3>Cycles</h3>
          <ul>{graph.cycles.slice(0, few).map((ring, i) => item(ring[0]!, <><b class="tag">D{i + 1}</b> {ring.slice(0, 2).map(nameOf).join(' ⇄ ')}</>, plural(ring.length, 'task')))}</ul>
          {graph.cycles.length > few && <p class="quiet">and {count(graph.cycles.length - few)} more in the table</p>}
        </section>
      )}
      {findings.length > 0 && (
        <section>
          <h3>Findings</h3>
          <ul>{findings.slice(0, few).map((one) => (
            <li key={one.fingerprint}><EvidenceBadge evidence={one.evidence} /> <ShowIn what={{ kind: 'finding', id: one.fingerprint }} in="waits">{one.title}</ShowIn></li>
          ))}</ul>
        </section>
      )}
      {blockers.length > 0 && <section><h3>Waited for most</h3><ul>{blockers.slice(0, few).map((node) => item(node.id, nameOf(node.id), plural(waiters(graph, node.id), 'waiter')))}</ul></section>}
      {longest.length > 0 && <section><h3>Wait longest</h3><ul>{longest.slice(0, few).map((edge) => item(edge.from, nameOf(edge.from), duration(edge.wait_ns)))}</ul></section>}
      {standing.length > 0 && (
        <section>
          <h3>Coroutines stand at</h3>
          <ul>{standing.slice(0, few).map((one) => <li key={one.where} class="standing"><span>{one.where}</span> <span class="quiet">{count(one.coroutines)}</span></li>)}</ul>
        </section>
      )}
    </nav>
  );
}
