// The labels of a task, as they stand in its row.
import { labelText, type Labels } from '../model/task.ts';

export function LabelText({ labels }: { labels: Labels }) {
  return <><span class="labels" title={labelText(labels)}>{Object.entries(labels).map(([key, value]) => <span key={key} class="label">{key}={value}</span>)}</span>{' '}</>;
}
