// How sure a finding is, by word, letter, colour and outline: none of them alone.
import type { Evidence } from '../model/finding.ts';

const meaning: Record<Evidence, string> = {
  proved: 'a chain of facts; nothing unseen could change it',
  likely: 'facts with one named doubt',
  suspected: 'behaviour only',
};

export function EvidenceBadge({ evidence }: { evidence: Evidence }) {
  return (
    <span class={`badge evidence-${evidence}`} title={meaning[evidence]}>
      <span class="letter" aria-hidden="true">{evidence[0]?.toUpperCase()}</span>
      <span class="word">{evidence}</span>
    </span>
  );
}
