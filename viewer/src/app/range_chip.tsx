// The range of time that all views follow, wherever it was chosen.
import { duration } from '../model/words.ts';
import { range, setRange } from '../state/selection.ts';
import { timeText } from '../timeline/words.ts';

export function RangeChip() {
  const chosen = range.value;
  if (!chosen) return null;
  const { from, to } = chosen;
  const text = `${timeText(from)} to ${timeText(to)} (${duration(to - from)})`;
  return (
    <button type="button" class="range-chip" aria-label={`Clear range ${text}`} onClick={() => setRange(undefined)}
      title="Since the process began. Leaks, Tasks: made in it; Waits: going on in it; Growth: looks in it. What has no known time is left out.">
      Only {text} <span aria-hidden="true">✕</span>
    </button>
  );
}
