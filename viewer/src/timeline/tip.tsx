// What is under the pointer, at once.

import { shortName } from '../model/words.ts';
import { laneOf } from './find.ts';
import type { Recorded } from './load.ts';
import { holderText, laneName, spanText, timeText } from './words.ts';

export function SpanTip({ all, span }: { all: Recorded; span: number }) {
  const { timeline } = all;
  const holder = holderText(all, span);
  const leaf = all.stack(timeline.spans.stack[span])[0];
  return (
    <>
      <strong>{spanText(all, span)}</strong>
      <span class="quiet">{laneName(all, laneOf(timeline, span))} · from {timeText(timeline.spans.from[span])}</span>
      {holder && <span>{holder}</span>}
      {leaf && <span class="code">{shortName(leaf.function)}{leaf.file ? ` ${leaf.file.slice(leaf.file.lastIndexOf('/') + 1)}:${leaf.line}` : ''}</span>}
    </>
  );
}
