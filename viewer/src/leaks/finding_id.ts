// What a finding is called in links and in the selection: its fingerprint, with the process where several
// have the same (one program may leak alike in many processes).
import type { Finding, Leaks } from '../model/finding.ts';

const named = new WeakMap<Leaks, Map<string, Finding>>();
const names = new WeakMap<Finding, string>();

function nameAll(report: Leaks): Map<string, Finding> {
  let all = named.get(report);
  if (!all) {
    all = new Map();
    for (const finding of report.findings) {
      let id = finding.fingerprint;
      for (let nth = 1; all.has(id); ++nth) id = `${finding.fingerprint}@${finding.pid}${nth > 1 ? `.${nth}` : ''}`;
      all.set(id, finding);
      names.set(finding, id);
    }
    named.set(report, all);
  }
  return all;
}

export function findingId(report: Leaks, finding: Finding): string {
  nameAll(report);
  return names.get(finding) ?? finding.fingerprint;
}

export function findingOf(report: Leaks, id: string): Finding | undefined {
  return nameAll(report).get(id);
}
