import type { Growth as Report } from '../model/growth.ts';
import { documentOf, whenRead } from '../state/documents.ts';
import { show } from '../state/selection.ts';
import type { Hit, View } from '../views/view.ts';
import { GrowthDetails } from './details.tsx';
import { Growth } from './growth.tsx';

async function find(words: readonly string[], limit: number): Promise<Hit[]> {
  const loaded = await whenRead(documentOf<Report>('growth'));
  if (loaded.state !== 'ready') return [];
  return loaded.value.groups
    .filter((group) => words.every((word) => group.title.toLowerCase().includes(word)))
    .slice(0, limit)
    .map((group) => ({ label: group.title, detail: `${group.counts.join(', ')}`, open: () => show('growth', { kind: 'growth', id: group.fingerprint }) }));
}

export const growthView: View = {
  id: 'growth',
  title: 'Growth',
  key: '5',
  Component: Growth,
  search: [{ title: 'Growth', find }],
  details: { growth: GrowthDetails },
  keys: [['drag', 'choose a range of time, for all views'], ['Esc', 'clear selection, then range']],
};
