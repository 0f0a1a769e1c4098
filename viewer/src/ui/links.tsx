// "Show in": the same thing in another view.
import { shortName } from '../model/words.ts';
import { show, type Selection } from '../state/selection.ts';

const titles: Record<string, string> = { leaks: 'Leaks', waits: 'Waits', profile: 'Profile', timeline: 'Timeline', growth: 'Growth' };

export function ShowIn({ what, in: view, also, children }: { what: Selection; in: string; also?: Record<string, string>; children?: string }) {
  return <button type="button" class="link" onClick={() => show(view, what, also)}>{children === undefined ? `Show in ${titles[view]}` : shortName(children)}</button>;
}
