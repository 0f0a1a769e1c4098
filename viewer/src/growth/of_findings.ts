// A finding's curves, and a curve's findings: both are about tasks that one place made.
import type { Finding, Leaks } from '../model/finding.ts';
import type { Growth, GrowthGroup } from '../model/growth.ts';
import { findingId, findingOf } from '../leaks/finding_id.ts';
import { documentOf, leaks } from '../state/documents.ts';
import { type Selection, selection } from '../state/selection.ts';

function report(): Growth | undefined {
  const loaded = documentOf<Growth>('growth').value;
  return loaded.state === 'ready' && loaded.value.dumps.length > 1 ? loaded.value : undefined;
}

const has = (finding: Finding, group: GrowthGroup): boolean => finding.growth?.includes(group.fingerprint) ?? false;

export function groupsOf(finding: Finding): GrowthGroup[] {
  return report()?.groups.filter((group) => has(finding, group)) ?? [];
}

// How many such tasks there were, look by look: of a report as it says, of a live process as far as it
// was followed.
export function historyOf(finding: Finding): number[] {
  if (finding.history) return finding.history;
  const groups = groupsOf(finding);
  return groups[0]?.counts.map((_, i) => groups.reduce((all, group) => all + (group.counts[i] ?? 0), 0)) ?? [];
}

function found(): Leaks | undefined {
  const loaded = leaks().value;
  return loaded.state === 'ready' ? loaded.value : undefined;
}

export function findingsOf(group: GrowthGroup): { id: string; finding: Finding }[] {
  const all = found();
  return all?.findings.filter((one) => has(one, group)).map((finding) => ({ id: findingId(all, finding), finding })) ?? [];
}

// The groups that a selection means: a group, or those of a finding.
export function chosenGroups(what: Selection | undefined = selection.value): readonly string[] {
  if (what?.kind === 'growth') return [what.id];
  const all = what?.kind === 'finding' ? found() : undefined;
  return (all && findingOf(all, what!.id)?.growth) ?? [];
}

export function isChosen(finding: Finding): boolean {
  const now = selection.value;
  return now?.kind === 'growth' && (finding.growth?.includes(now.id) ?? false);
}
