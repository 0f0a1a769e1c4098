// What `/` finds among the findings.
import type { Finding } from '../model/finding.ts';
import { ownFrame, placeText } from '../model/frame.ts';
import { labelText } from '../model/task.ts';
import { leaks, whenRead } from '../state/documents.ts';
import { show } from '../state/selection.ts';
import type { Hit } from '../views/view.ts';
import { findingId } from './finding_id.ts';

const texts = new WeakMap<Finding, string>();

// All of a finding that somebody may look for, in lower case; made once.
export function findingText(finding: Finding): string {
  let text = texts.get(finding);
  if (text === undefined) {
    const frames = [...finding.created_at, ...finding.blocked_at, ...finding.await_chain];
    const object = finding.wait_object;
    text = [
      finding.title, finding.rule, finding.fingerprint, finding.test, ...finding.because, object?.address, object?.symbol,
      ...frames.map((frame) => `${frame.function} ${frame.file ?? ''}:${frame.line}`),
      ...finding.tasks.map((task) => `${task.kind} ${task.id} ${task.name} ${task.tid} ${labelText(task.labels)}`),
    ].join('\n').toLowerCase();
    texts.set(finding, text);
  }
  return text;
}

export async function findFindings(words: readonly string[], limit: number): Promise<Hit[]> {
  const loaded = await whenRead(leaks());
  if (loaded.state !== 'ready') return [];
  const hits: Hit[] = [];
  for (const finding of loaded.value.findings) {
    const text = findingText(finding);
    if (!words.every((word) => text.includes(word))) continue;
    hits.push({
      label: finding.title,
      detail: `${finding.evidence} · ${placeText(ownFrame(finding.created_at))}`,
      open: () => show('leaks', { kind: 'finding', id: findingId(loaded.value, finding) }),
    });
    if (hits.length === limit) break;
  }
  return hits;
}
