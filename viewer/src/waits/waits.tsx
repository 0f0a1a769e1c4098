// Who waits for whom: what to look at on the left, the picture or its table beside it.
import { useMemo } from 'preact/hooks';
import type { WaitNode, Waits as Report } from '../model/waits.ts';
import { count, plural } from '../model/words.ts';
import { documentOf, tasks } from '../state/documents.ts';
import { useKeys } from '../state/keys.ts';
import { parameter } from '../state/route.ts';
import { range, select, selection, type Selection } from '../state/selection.ts';
import { findTask } from '../leaks/task_rows.ts';
import { Tabs } from '../ui/choices.tsx';
import { save } from '../ui/save.ts';
import { Section } from '../ui/section.tsx';
import { dot } from './dot.ts';
import { addLabels, drawnPart, type Graph, graphOf, nodeOfTask } from './graph.ts';
import { duringRange } from './in_range.ts';
import { HotSpots } from './hot_spots.tsx';
import { Picture } from './picture.tsx';
import { WaitTable } from './table.tsx';

const shape = parameter('waits.as', 'picture');

export function Waits() {
  return <Section of={documentOf<Report>('waits').value}>{(report) => <Shown report={report} />}</Section>;
}

// A single task is selected as such, so that the other views follow; the rest by its card.
export function selectionOf(node: WaitNode): Selection {
  return node.task !== undefined && node.count <= 1 && node.kind !== 'group'
    ? { kind: 'task', id: `${node.kind}:${node.task}` }
    : { kind: 'wait', id: node.id };
}

// The card of what is selected in any view: the task's own, or the group that waits where it does.
function focusOf(graph: Graph, now: Selection | undefined): string | undefined {
  if (now?.kind === 'wait') return graph.nodes.has(now.id) ? now.id : undefined;
  if (now?.kind === 'object') return graph.edges.find((edge) => edge.object === now.id)?.to;
  if (now?.kind !== 'task') return undefined;
  const own = nodeOfTask(graph, now.id);
  if (own) return own.id;
  const address = tasks().value.state === 'ready' ? findTask(now.id)?.row.wait_object?.address : undefined;
  return address ? graph.edges.find((edge) => edge.object === address)?.from : undefined;
}

function Shown({ report }: { report: Report }) {
  const graph = useMemo(() => (range.value ? duringRange(report) : graphOf(report)), [report, range.value]);
  const known = tasks().value;
  if (known.state === 'ready' && known.value.processes.length === 1) addLabels(graph, known.value.processes[0]!.tasks);
  const focus = focusOf(graph, selection.value);
  const part = useMemo(() => drawnPart(graph, focus), [graph, graph.nodes.size > 400 ? focus : '']);
  const onFocus = (id: string) => select(selectionOf(graph.nodes.get(id)!));
  useKeys({ t: () => shape.set(shape.peek() === 'table' ? 'picture' : 'table') });
  const now = selection.value;
  const alone = now?.kind === 'task' && !focus ? `${now.id.replace(':', ' ')} waits for nobody here, and nobody for it.` : '';
  const left_out = graph.nodes.size - part.size;
  return (
    <div class="view waits">
      <div class="view-title">
        <h2>{headline(graph)}</h2>
        <button type="button" disabled={graph.nodes.size === 0} onClick={() => save('waits.dot', 'text/vnd.graphviz', dot(graph))}>Save as DOT</button>
        <Tabs name="waits" label="Picture or table" chosen={shape.value} choose={shape.set} tabs={[{ id: 'picture', title: 'Picture' }, { id: 'table', title: 'Table' }]} />
      </div>
      {graph.nodes.size === 0
        ? range.value
          ? <p class="message">Nobody waited for anybody in the chosen range, of those that still wait.</p>
          : <p class="message">Nobody waits for anybody. Tasks that wait for events from outside are below Leaks, Tasks.</p>
        : (
          <div class="view panel waits-body" id="waits-panel" role="tabpanel" aria-labelledby={`waits-tab-${shape.value}`}>
            <HotSpots waits={report} graph={graph} focus={focus} onFocus={onFocus} />
            <div class="view">
              {alone && <p class="note" role="status">{alone}</p>}
              {shape.value === 'table' ? <WaitTable graph={graph} focus={focus} onFocus={onFocus} /> : <Picture graph={graph} part={part} focus={focus} onFocus={onFocus} />}
              {left_out > 0 && shape.value !== 'table' && <p class="note">{count(left_out)} of {count(graph.nodes.size)} cards are not drawn; the table has all.</p>}
            </div>
          </div>
        )}
    </div>
  );
}

function headline(graph: Graph): string {
  if (graph.nodes.size === 0) return 'No waits';
  const waiting = [...graph.nodes.values()].filter((node) => graph.waits_for.has(node.id)).reduce((sum, node) => sum + (node.count || 1), 0);
  return `${graph.cycles.length > 0 ? `${plural(graph.cycles.length, 'cycle')}, ` : ''}${plural(waiting, 'task')} waiting`;
}
