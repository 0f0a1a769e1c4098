// What `/` finds among the functions of the profile that is open.

import { amount } from '../canvas/units.ts';
import { show } from '../state/selection.ts';
import { stableId } from '../model/stable_id.ts';
import { shortName } from '../model/words.ts';
import type { Hit } from '../views/view.ts';
import { entry, profile, tallies, unit } from './state.ts';

export function findFunctions(words: readonly string[], limit: number): Hit[] {
  const strings = profile.value?.frames.strings;
  const after = tallies.value?.[0];
  if (!strings || !after) return [];
  const found: { name: string; cum: number }[] = [];
  for (let at = 0; at < after.key.length; ++at) {
    const name = strings[after.key[at]] ?? '';
    const lower = name.toLowerCase();
    if (name !== '' && words.every((word) => lower.includes(word))) found.push({ name, cum: after.cum[at] });
  }
  found.sort((a, b) => b.cum - a.cum);
  return found.slice(0, limit).map(({ name, cum }) => ({
    label: shortName(name),
    detail: `${amount(cum, unit.value)} · ${entry.value?.type ?? ''}`,
    open: () => show('profile', { kind: 'function', id: stableId(name) }, { 'profile.mode': 'callers', 'profile.pivot': stableId(name) }),
  }));
}
