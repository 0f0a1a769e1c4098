// Where the cards go: each cycle a ring in a box of its own, the boxes and the other cards by dagre.
import { Graph, layout } from '@dagrejs/dagre';
import { type Box, card_height, card_width, type Layout, type LayoutJob, type Point } from './laid_out.ts';

const margin = 34;

// Two cards stand side by side, more clockwise from the top.
function ring(ids: readonly string[]): { size: { width: number; height: number }; at: Map<string, Point> } {
  const n = ids.length;
  const at = new Map<string, Point>();
  if (n <= 2) {
    const gap = 170;
    ids.forEach((id, i) => at.set(id, { x: (i - (n - 1) / 2) * (card_width + gap), y: 8 }));
    return { size: { width: n * card_width + (n - 1) * gap + 2 * margin, height: card_height + 2 * margin + 30 }, at };
  }
  // Neighbours on the ring must not touch, neither side by side nor one above the other.
  const chord = 2 * Math.sin(Math.PI / n);
  const radius_x = Math.max(card_width * 0.95, (card_width + 28) / chord);
  const radius_y = Math.max(card_height * 1.8, (card_height + 60) / chord);
  ids.forEach((id, i) => {
    const angle = (i / n) * 2 * Math.PI - Math.PI / 2;
    at.set(id, { x: Math.cos(angle) * radius_x, y: Math.sin(angle) * radius_y });
  });
  return { size: { width: 2 * radius_x + card_width + 2 * margin, height: 2 * radius_y + card_height + 2 * margin }, at };
}

export function layOut(job: LayoutJob): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 36, ranksep: 70, marginx: 20, marginy: 20 });
  const owner = new Map<string, string>();
  const rings = job.rings.map((ids, i) => {
    const made = ring(ids);
    for (const id of ids) owner.set(id, `ring ${i}`);
    graph.setNode(`ring ${i}`, { ...made.size });
    return made;
  });
  for (const id of job.nodes)
    if (!owner.has(id)) {
      owner.set(id, `node ${id}`);
      graph.setNode(`node ${id}`, { width: card_width, height: card_height });
    }
  job.edges.forEach(({ from, to }, i) => {
    const a = owner.get(from);
    const b = owner.get(to);
    if (a && b && a !== b) graph.setEdge(a, b, { width: 120, height: 20, labelpos: 'c' }, String(i));
  });
  layout(graph);

  const cards: Record<string, Point> = {};
  for (const id of job.nodes) {
    const name = owner.get(id)!;
    const centre = graph.node(name) as Point;
    const inside = name.startsWith('ring ') ? rings[Number(name.slice(5))]!.at.get(id)! : { x: 0, y: 0 };
    cards[id] = { x: centre.x + inside.x, y: centre.y + inside.y };
  }
  const lines = job.edges.map(({ from, to }, i) => {
    const a = owner.get(from)!;
    const b = owner.get(to)!;
    const start = cards[from]!;
    const end = cards[to]!;
    if (a === b) return arc(start, end);
    const points = (graph.edge(a, b, String(i)) as { points: Point[] }).points;
    // dagre ends at the box; the arrow goes on to the card in it.
    const middle = points.slice(1, -1);
    return clip([start, ...middle, end]);
  });
  const size = graph.graph() as { width?: number; height?: number };
  return { width: size.width ?? 0, height: size.height ?? 0, cards, boxes: job.rings.map((_, i) => graph.node(`ring ${i}`) as Box), lines };
}

// Within a ring, bent to one side, so that the two ways between two cards are two lines.
function arc(start: Point, end: Point): Point[] {
  const middle = { x: (start.x + end.x) / 2 + (end.y - start.y) * 0.16, y: (start.y + end.y) / 2 - (end.x - start.x) * 0.16 };
  return clip([start, middle, end]);
}

function clip(points: Point[]): Point[] {
  const last = points.length - 1;
  return [border(points[0]!, points[1]!), ...points.slice(1, last), border(points[last]!, points[last - 1]!)];
}

// Where the way from a card's centre to `towards` leaves the card.
function border(centre: Point, towards: Point): Point {
  const dx = towards.x - centre.x;
  const dy = towards.y - centre.y;
  if (dx === 0 && dy === 0) return centre;
  const scale = Math.min((card_width / 2 + 2) / Math.abs(dx || 1e-9), (card_height / 2 + 2) / Math.abs(dy || 1e-9), 1);
  return { x: centre.x + dx * scale, y: centre.y + dy * scale };
}
