// How many there were in each dump.
export function Sparkline({ counts, label }: { counts: readonly number[]; label?: string }) {
  if (counts.length < 2) return <span class="quiet">–</span>;
  const most = Math.max(1, ...counts);
  const step = 76 / (counts.length - 1);
  const points = counts.map((n, i) => `${(2 + i * step).toFixed(1)},${(20 - (n / most) * 18).toFixed(1)}`).join(' ');
  return (
    <svg class="spark" width="80" height="22" role="img" aria-label={label ?? `over dumps: ${counts.join(', ')}`}>
      <polyline points={points} fill="none" stroke="currentColor" stroke-width="1.5" />
    </svg>
  );
}
