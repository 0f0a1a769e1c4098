// The panel on the right for a span: what, how long, at whose cost, and where in the code.

import { duration } from '../model/words.ts';
import { jump } from '../state/route.ts';
import { setRange, show } from '../state/selection.ts';
import { Message, Section } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';
import { blockedText } from './below.tsx';
import { chainFrom } from './chain.ts';
import { laneOf } from './find.ts';
import { type Recorded, recorded } from './load.ts';
import { findSpan, spanId } from './state.ts';
import { kMeaning, kStates } from './states.ts';
import { laneName, linkText, objectName, spanName, spanText, timeText } from './words.ts';

export function SpanDetails({ id }: { id: string }) {
  return <Section of={recorded().value}>{(all) => <Found all={all} span={findSpan(all.timeline, id)} />}</Section>;
}

function goTo(id: string): void {
  show('timeline', { kind: 'span', id }, { 'timeline.pick': id });
}

function Found({ all, span }: { all: Recorded; span: number }) {
  if (span < 0) return <Message title="Not in this report"><p>The timeline has no such span.</p></Message>;
  const { timeline } = all;
  const { spans } = timeline;
  const lane = timeline.lanes[laneOf(timeline, span)]!;
  const from = spans.from[span];
  const to = spans.to[span];
  const state = kStates[spans.state[span]];
  const object = objectName(all, span);
  const chain = chainFrom(timeline, span);
  const warning = blockedText(all, chain);
  const stack = all.stack(spans.stack[span]);
  return (
    <article>
      <p class="quiet">{lane.kind}{lane.tid ? ` · tid ${lane.tid}` : ''}{lane.group && <> · created at <Name of={lane.group} /></>}</p>
      <h2><Name of={lane.name} />: {spanName(all, span)}</h2>
      <p class="facts">{kMeaning[state]} · {duration(to - from)}{spans.open[span] ? ' so far' : ''} · {timeText(from)} to {timeText(to)}</p>
      {object && <section><h3>{state === 'holds' ? 'Holds' : 'On'}</h3><p><code>{object}</code></p></section>}
      {chain.links.length > 0 && (
        <section>
          <h3>Who it waited for</h3>
          {warning && <p class="warning">{warning}</p>}
          <ol class="chain">
            {chain.links.map((link) => (
              <li key={link.span}>
                {linkText(link)} <b>{laneName(all, link.holder)}</b>
                {link.next >= 0
                  ? <> <button type="button" class="plain link" onClick={() => goTo(spanId(timeline, link.next))}>{spanText(all, link.next)}</button></>
                  : <span class="quiet"> was not seen waiting meanwhile</span>}
              </li>
            ))}
          </ol>
          {chain.circle > 0 && <p class="quiet">and so on: the last {chain.circle} come back to themselves</p>}
        </section>
      )}
      <section><h3>{state === 'alive' ? 'Created at' : 'Where'}</h3><Stack frames={stack} label="Where" /></section>
      <p class="actions">
        <button type="button" onClick={() => jump('timeline', { 'timeline.pick': spanId(timeline, span) })}>Show in the timeline</button>
        <button type="button" onClick={() => setRange({ from, to: Math.max(to, from + 1) })}>Mark its time</button>
      </p>
    </article>
  );
}
