// What leaked, and all tasks that live: the page is of use when nothing leaked, too.
import type { Finding } from '../model/finding.ts';
import { bytes, count, plural } from '../model/words.ts';
import { leaks, tasks } from '../state/documents.ts';
import { parameter } from '../state/route.ts';
import { Tabs } from '../ui/choices.tsx';
import { Section } from '../ui/section.tsx';
import { Findings } from './findings.tsx';
import { taskRows } from './task_rows.ts';
import { TaskTable } from './task_table.tsx';

const chosen = parameter('leaks.tab');

export function Leaks() {
  const found = leaks().value;
  const all = tasks().value;
  const unsuppressed = found.state === 'ready' ? found.value.findings.filter((one) => !one.suppressed_by) : [];
  const nothing = found.state === 'ready' && found.value.findings.length === 0;
  const tab = chosen.value || (nothing && all.state === 'ready' ? 'tasks' : 'findings');
  const live = all.state === 'ready' ? taskRows(all.value).reduce((sum, one) => sum + one.row.count, 0) : undefined;
  return (
    <div class="view leaks">
      <div class="view-title">
        <h2>{found.state === 'ready' ? headline(unsuppressed) : 'Findings'}</h2>
        <Tabs name="leaks" label="Findings or tasks" chosen={tab} choose={chosen.set} tabs={[
          { id: 'findings', title: <>Findings <span class="quiet">{found.state === 'ready' ? count(unsuppressed.length) : ''}</span></> },
          { id: 'tasks', title: <>Tasks <span class="quiet">{live === undefined ? '' : count(live)}</span></> },
        ]} />
      </div>
      <div class="view panel" id="leaks-panel" role="tabpanel" aria-labelledby={`leaks-tab-${tab}`}>
        {tab === 'tasks'
          ? <Section of={all}>{(value) => <TaskTable all={value} />}</Section>
          : <Section of={found}>{(report) => <Findings report={report} />}</Section>}
      </div>
    </div>
  );
}

function headline(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'No findings';
  const tasks = findings.reduce((sum, finding) => sum + finding.count, 0);
  const held = findings.reduce((sum, finding) => sum + finding.bytes_held, 0);
  return `${plural(findings.length, 'finding')}: ${plural(tasks, 'task')}${held > 0 ? ` and ${bytes(held)} held` : ''}`;
}
