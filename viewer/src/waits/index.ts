import type { Waits as Report } from '../model/waits.ts';
import { documentOf, whenRead } from '../state/documents.ts';
import { show } from '../state/selection.ts';
import type { Hit, View } from '../views/view.ts';
import { graphOf } from './graph.ts';
import { NodeDetails } from './node_details.tsx';
import { selectionOf, Waits } from './waits.tsx';

async function find(words: readonly string[], limit: number): Promise<Hit[]> {
  const loaded = await whenRead(documentOf<Report>('waits'));
  if (loaded.state !== 'ready') return [];
  const hits: Hit[] = [];
  for (const node of graphOf(loaded.value).nodes.values()) {
    const text = `${node.kind} ${node.label} ${node.detail}`.toLowerCase();
    if (words.every((word) => text.includes(word))) hits.push({ label: node.label, detail: node.detail, open: () => show('waits', selectionOf(node)) });
    if (hits.length === limit) break;
  }
  return hits;
}

export const waitsView: View = {
  id: 'waits',
  title: 'Waits',
  key: '2',
  Component: Waits,
  search: [{ title: 'Waits', find }],
  details: { wait: NodeDetails },
  keys: [
    ['t', 'the same as a table, as a picture'],
    ['← →', 'from card to card'],
    [']  [', 'along the waits: whom it waits for, who waits for it'],
    ['+ − 0', 'larger, smaller, fit'],
  ],
};
