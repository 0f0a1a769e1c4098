// Every task: what it does, since when, where, and who made it.
import { useMemo, useState } from 'preact/hooks';
import { ownFrame, placeText } from '../model/frame.ts';
import type { Tasks } from '../model/task.ts';
import { bytes, count, duration, objectText, plural, shortName } from '../model/words.ts';
import { useFindField } from '../state/keys.ts';
import { isSelected, select } from '../state/selection.ts';
import { Choice, OrderBy } from '../ui/choices.tsx';
import { LabelText } from '../ui/labels.tsx';
import { type RowProps, Rows } from '../ui/rows.tsx';
import { choices, kind, min_age, order, passing, state, type TaskOf, taskRows, text, whereOf } from './task_rows.ts';

const ages: [string, string][] = [['0', 'any'], ['1', '1 s or more'], ['10', '10 s or more'], ['60', '1 min or more'], ['600', '10 min or more'], ['3600', '1 h or more']];
const orders: [string, string][] = [['since', 'time in state'], ['age', 'age'], ['count', 'count'], ['memory', 'memory'], ['id', 'number']];

function valuesOf(all: Tasks, of: (one: TaskOf) => string): [string, string][] {
  const counts = new Map<string, number>();
  for (const one of taskRows(all)) counts.set(of(one), (counts.get(of(one)) ?? 0) + one.row.count);
  return [['', 'all'], ...[...counts].map(([value, n]): [string, string] => [value, `${value} (${n})`])];
}

export function TaskTable({ all }: { all: Tasks }) {
  const shown = useMemo(() => passing(all), [all, ...choices.map((one) => one.value)]);
  const [active_id, setActiveId] = useState('');
  const active = active_id ? shown.findIndex((one) => one.id === active_id) : -1;
  const filter = useFindField();
  return (
    <>
      <div class="view-head">
        <div class="filters">
          <input ref={filter} type="search" aria-label="Filter tasks" placeholder="Filter: function, file …"
            value={text.value} onInput={(event) => text.set(event.currentTarget.value)} />
          <Choice label="Kind" of={kind} choices={valuesOf(all, (one) => one.row.kind)} />
          <Choice label="State" of={state} choices={valuesOf(all, (one) => one.row.state)} />
          <Choice label="Age" of={min_age} choices={ages} />
          <OrderBy of={order} choices={orders} />
        </div>
        <p class="quiet" role="status">{shown.length < taskRows(all).length && `${plural(shown.length, 'row')} of ${count(taskRows(all).length)} shown`}</p>
      </div>
      {shown.length > 0
        ? (
          <Rows label="Tasks" id="task" count={shown.length} height={44} active={active} onActive={(index) => setActiveId(shown[index]!.id)}
            header={<Head />}
            row={(index, props) => <Line key={shown[index]!.id} one={shown[index]!} props={props} />}
            onOpen={(index) => select({ kind: 'task', id: shown[index]!.id })} />
        )
        : <p class="message">No task passes the filters.</p>}
    </>
  );
}

function Head() {
  return (
    <div role="row" aria-rowindex={1} class="task-columns">
      <span role="columnheader">Task</span>
      <span role="columnheader">State</span>
      <span role="columnheader" class="number">Since</span>
      <span role="columnheader" class="c-where">Where</span>
      <span role="columnheader" class="c-created">Created at</span>
      <span role="columnheader" class="number c-age">Age</span>
      <span role="columnheader" class="number c-memory">Memory</span>
    </div>
  );
}

function Line({ one: { row, id }, props }: { one: TaskOf; props: RowProps }) {
  const object = row.wait_object;
  const where = whereOf(row);
  const created = ownFrame(row.created_at);
  return (
    <div {...props} class="line task-columns" aria-selected={isSelected('task', id)}>
      <span role="gridcell" class="two">
        <span class="title">{row.count > 1 && `${count(row.count)} × `}{row.kind} {row.count > 1 ? '' : row.id}{row.main && ' (main)'}</span>
        <span class="quiet code" title={row.name}>{row.labels && <LabelText labels={row.labels} />}{shortName(row.name)}</span>
      </span>
      <span role="gridcell" class="two">
        <span><i class={`state state-${/^[a-z]+$/.test(row.state) ? row.state : 'other'}`} aria-hidden="true" />{row.state}</span>
        <span class="quiet">{row.waits_for ? `for ${row.waits_for}` : object ? `${object.kind} ${object.symbol ?? objectText(object.kind, object.address)}` : ''}</span>
      </span>
      <span role="gridcell" class="number">{row.since_ns ? duration(row.since_ns) : '–'}</span>
      <span role="gridcell" class="two c-where" title={where?.function}>
        <span class="code">{placeText(where) || '–'}</span><span class="quiet code">{shortName(where?.function ?? '')}</span>
      </span>
      <span role="gridcell" class="two c-created" title={created?.function}>
        <span class="code">{placeText(created) || '–'}</span><span class="quiet code">{shortName(created?.function ?? '')}</span>
      </span>
      <span role="gridcell" class="number c-age">{row.age_ns ? duration(row.age_ns) : '–'}</span>
      <span role="gridcell" class="number c-memory">{row.bytes ? bytes(row.bytes) : '–'}</span>
    </div>
  );
}
