import { findFindings } from './search.ts';
import { findTasks } from './task_rows.ts';
import { TaskDetails } from './task_details.tsx';
import type { View } from '../views/view.ts';
import { FindingDetails } from './finding_details.tsx';
import { Leaks } from './leaks.tsx';

export const leaksView: View = {
  id: 'leaks',
  title: 'Leaks',
  key: '1',
  Component: Leaks,
  search: [{ title: 'Findings', find: findFindings }, { title: 'Tasks', find: findTasks }],
  details: { finding: FindingDetails, task: TaskDetails },
  keys: [
    ['↑ ↓', 'the next, the previous group'],
    ['→ ←', 'open, close its tasks'],
    ['Enter', 'details'],
    ['f', 'filter'],
  ],
};
