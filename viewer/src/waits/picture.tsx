// The graph as a picture: rings in double red boxes, cards, arrows from who waits to whom is waited
// for. It is one tab stop: arrow keys go from card to card, ] and [ along the waits.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { WaitEdge, WaitNode } from '../model/waits.ts';
import { count, shortName } from '../model/words.ts';
import { cardLines, type Graph, times, waitText } from './graph.ts';
import { card_height, card_width, type Layout, type Point } from './laid_out.ts';
import { requestLayout } from './laying_out.ts';

interface Props {
  graph: Graph;
  part: ReadonlySet<string>;
  focus: string | undefined;
  onFocus(id: string): void;
}

const longest_line = 27;
const most_labels = 40;
const smallest = 0.15;

function cut(text: string): string {
  const letters = [...text];
  return letters.length > longest_line ? `${letters.slice(0, longest_line - 1).join('')}…` : text;
}

export function Picture({ graph, part, focus, onFocus }: Props) {
  const [layout, setLayout] = useState<Layout>();
  const [failed, setFailed] = useState('');
  const [zoom, setZoom] = useState(1);
  const box = useRef<HTMLDivElement>(null);
  const nodes = [...part].map((id) => graph.nodes.get(id)!);
  const edges = graph.edges.filter((edge) => part.has(edge.from) && part.has(edge.to));
  const rings = graph.cycles.map((ring, i) => ({ i, ids: ring.filter((id) => part.has(id) && graph.cycle_of.get(id) === i) })).filter((ring) => ring.ids.length > 0);

  useEffect(() => requestLayout(
    { nodes: [...part], edges: edges.map(({ from, to }) => ({ from, to })), rings: rings.map((ring) => ring.ids) },
    (made) => { setLayout(made); setFailed(''); }, setFailed,
  ), [graph, [...part].join('\n')]);

  useLayoutEffect(() => {
    const at = focus && layout?.cards[focus];
    const element = box.current;
    if (!at || !element) return;
    element.scrollTo({ left: at.x * zoom - element.clientWidth / 2, top: at.y * zoom - element.clientHeight / 2 });
  }, [focus, layout]);

  const fit = (least = smallest) => {
    const element = box.current;
    if (layout && element) setZoom(Math.max(least, Math.min(1, (element.clientWidth - 8) / layout.width, (element.clientHeight - 8) / layout.height)));
  };
  // At first what is drawn can be read; all of it may need scrolling.
  useLayoutEffect(() => fit(0.6), [layout]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = nodes.findIndex((node) => node.id === focus);
    const along = (edge: WaitEdge | undefined, end: 'from' | 'to') => edge && part.has(edge[end]) ? edge[end] : undefined;
    const to: Record<string, () => string | undefined> = {
      ArrowRight: () => nodes[Math.min(at + 1, nodes.length - 1)]?.id,
      ArrowDown: () => nodes[Math.min(at + 1, nodes.length - 1)]?.id,
      ArrowLeft: () => nodes[Math.max(at - 1, 0)]?.id,
      ArrowUp: () => nodes[Math.max(at - 1, 0)]?.id,
      Home: () => nodes[0]?.id,
      End: () => nodes.at(-1)?.id,
      ']': () => along(focus ? graph.waits_for.get(focus)?.[0] : undefined, 'to'),
      '[': () => along(focus ? graph.waited_by.get(focus)?.[0] : undefined, 'from'),
    };
    const zooms: Record<string, () => void> = { '+': () => setZoom(Math.min(3, zoom * 1.25)), '-': () => setZoom(Math.max(smallest, zoom / 1.25)), '0': () => fit() };
    const go = to[event.key];
    const id = go?.();
    if (id) onFocus(id);
    else if (zooms[event.key]) zooms[event.key]!();
    else if (!go) return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (failed) return <p class="message">The picture cannot be laid out ({failed}); the table shows the same.</p>;
  if (!layout) return <p class="message" role="status">Laying out …</p>;
  const labelled = (edge: WaitEdge) => edges.length <= most_labels || edge.from === focus || edge.to === focus;
  return (
    <div class="picture-frame">
      <div ref={box} class="picture" role="listbox" tabIndex={0} aria-label="Who waits for whom" aria-activedescendant={focus && part.has(focus) ? `wait-${focus}` : undefined}
        onKeyDown={onKeyDown} onFocus={() => !focus && nodes[0] && onFocus(nodes[0].id)}>
        <svg width={layout.width * zoom} height={layout.height * zoom} viewBox={`0 0 ${layout.width} ${layout.height}`} role="presentation">
          <defs>
            <marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" class="arrow-head" /></marker>
          </defs>
          {layout.boxes.map((one, i) => (
            <g key={i} class="ring" aria-hidden="true">
              <rect x={one.x - one.width / 2} y={one.y - one.height / 2} width={one.width} height={one.height} rx="14" />
              <rect x={one.x - one.width / 2 + 4} y={one.y - one.height / 2 + 4} width={one.width - 8} height={one.height - 8} rx="11" />
              <text x={one.x - one.width / 2 + 16} y={one.y - one.height / 2 + 24}>D{(rings[i]?.i ?? i) + 1}</text>
            </g>
          ))}
          {edges.map((edge, i) => layout.lines[i] && (
            <Arrow key={i} edge={edge} points={layout.lines[i]!} lit={edge.from === focus || edge.to === focus} />
          ))}
          {nodes.map((node) => layout.cards[node.id] && (
            <Card key={node.id} node={node} at={layout.cards[node.id]!} chosen={node.id === focus} label={spoken(graph, node)} onClick={() => onFocus(node.id)} />
          ))}
          {edges.map((edge, i) => layout.lines[i] && labelled(edge) && (
            <EdgeLabel key={i} edge={edge} points={layout.lines[i]!} lit={edge.from === focus || edge.to === focus} />
          ))}
        </svg>
      </div>
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" aria-label="Smaller" onClick={() => setZoom(Math.max(smallest, zoom / 1.25))}>−</button>
        <button type="button" aria-label="Fit" onClick={() => fit()}>⤢</button>
        <button type="button" aria-label="Larger" onClick={() => setZoom(Math.min(3, zoom * 1.25))}>+</button>
      </div>
    </div>
  );
}

// What a screen reader says of a card, and the mouse.
function spoken(graph: Graph, node: WaitNode): string {
  const ring = graph.cycle_of.get(node.id);
  const waits = (graph.waits_for.get(node.id) ?? []).map((edge) => `waits for ${graph.nodes.get(edge.to)!.label}, ${waitText(edge, ', ')}`);
  return [shortName(node.label), shortName(node.detail), node.labels ?? '', node.count > 1 ? `${node.count} tasks` : '', ring === undefined ? '' : `in deadlock D${ring + 1}`, ...waits].filter(Boolean).join('; ');
}

function Card({ node, at, chosen, label, onClick }: { node: WaitNode; at: Point; chosen: boolean; label: string; onClick(): void }) {
  const [first, second] = cardLines(node);
  return (
    <g id={`wait-${node.id}`} class={`card card-${/^[a-z]+$/.test(node.kind) ? node.kind : 'other'}`} role="option" aria-selected={chosen}
      transform={`translate(${at.x - card_width / 2} ${at.y - card_height / 2})`} onClick={onClick}>
      <title>{label}</title>
      {node.count > 1 && <rect class="behind" x="5" y="5" width={card_width} height={card_height} rx="8" />}
      <rect width={card_width} height={card_height} rx="8" />
      <text class="first" x="10" y={second ? 20 : 30}>{cut(first)}</text>
      {second && <text class="second" x="10" y="38">{cut(second)}</text>}
      {times(node) && <text class="times" x={card_width - 8} y="38">× {count(node.count)}</text>}
    </g>
  );
}

function edgeClass(edge: WaitEdge, lit: boolean): string {
  return `edge ${lit ? 'lit' : ''} ${edge.certain ? '' : 'doubt'}`;
}

function Arrow({ edge, points, lit }: { edge: WaitEdge; points: Point[]; lit: boolean }) {
  return <g class={edgeClass(edge, lit)} aria-hidden="true"><path d={curve(points)} marker-end="url(#arrow)" /></g>;
}

// Drawn after all cards, so that none hides it.
function EdgeLabel({ edge, points, lit }: { edge: WaitEdge; points: Point[]; lit: boolean }) {
  const middle = points[points.length >> 1]!;
  const at = points.length === 3 ? { x: (points[0]!.x + 2 * middle.x + points[2]!.x) / 4, y: (points[0]!.y + 2 * middle.y + points[2]!.y) / 4 } : middle;
  return <g class={edgeClass(edge, lit)} aria-hidden="true"><text x={at.x} y={at.y + 4}>{cut(waitText(edge))}</text></g>;
}

function curve(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  if (points.length === 3) return `M${at(points[0]!)} Q${at(points[1]!)} ${at(points[2]!)}`;
  let path = `M${at(points[0]!)}`;
  for (let i = 1; i + 1 < points.length; ++i) {
    const a = points[i]!;
    const b = points[i + 1]!;
    const end = i + 2 === points.length ? b : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    path += ` Q${at(a)} ${at(end)}`;
  }
  return points.length === 2 ? `${path} L${at(points[1]!)}` : path;
}
