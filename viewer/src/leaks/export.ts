// A finding as text: for a suppressions file, and for an issue.
import type { Finding } from '../model/finding.ts';
import { type Frame, ownFrame, placeText } from '../model/frame.ts';
import { duration, plural } from '../model/words.ts';

// `rule:pattern`, the pattern being who created the tasks; a `*` of a name stands for itself by any.
export function suppression(finding: Finding): string {
  const frame = ownFrame(finding.created_at) ?? ownFrame(finding.blocked_at);
  return `# ${finding.title.replace(/\s+/g, ' ')}\n${finding.rule}:${frame?.function || placeText(frame) || '*'}\n`;
}

function fenced(title: string, frames: readonly Frame[]): string[] {
  if (frames.length === 0) return [];
  return ['', `**${title}**`, '```', ...frames.map((frame, i) => `#${i} ${frame.function || '??'}  ${placeText(frame)}`), '```'];
}

export function markdown(finding: Finding): string {
  return [
    `### ${finding.title}`,
    `${finding.rule} (**${finding.evidence}**) · ${plural(finding.count, 'task')} · oldest ${duration(finding.age_ns.max)} · \`${finding.fingerprint}\``,
    '',
    ...finding.because.map((line) => `* ${line}`),
    ...fenced('Created at', finding.created_at),
    ...fenced('Stuck at', finding.blocked_at),
    ...fenced('Await chain', finding.await_chain),
    '',
  ].join('\n');
}
