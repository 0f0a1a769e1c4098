// A finding as text: for a suppressions file, and for an issue.
import type { Finding } from '../model/finding.ts';
import { type Frame, ownFrame, placeText } from '../model/frame.ts';
import { duration, plural } from '../model/words.ts';

// `rule:pattern`: a function on the creation or blocked-at stack. A `*` of a name stands for itself,
// as for anything else.
export function suppression(finding: Finding): string {
  const named = [ownFrame(finding.created_at), ownFrame(finding.blocked_at), ...finding.await_chain].find((frame) => frame?.function);
  const title = finding.title.replace(/\s+/g, ' ');
  if (!named) return `# ${title}: no function is known by which it could be told from others\n`;
  return `# ${title}\n${finding.rule}:${named.function}\n`;
}

function fenced(title: string, frames: readonly Frame[]): string[] {
  if (frames.length === 0) return [];
  return ['', `**${title}**`, '```', ...frames.map((frame, i) => `#${i} ${frame.function || '??'}  ${placeText(frame)}`), '```'];
}

export function markdown(finding: Finding): string {
  return [
    `### ${finding.title}`,
    `${finding.rule} (**${finding.evidence}**) · ${plural(finding.count, 'task')}${finding.age_ns.max ? ` · oldest ${duration(finding.age_ns.max)}` : ''} · \`${finding.fingerprint}\``,
    ...(finding.test ? [`In test: ${finding.test}`] : []),
    '',
    ...finding.because.map((line) => `* ${line}`),
    ...fenced('Created at', finding.created_at),
    ...fenced('Stuck at', finding.blocked_at),
    ...fenced('Await chain', finding.await_chain),
    '',
  ].join('\n');
}
