// What a view shows while its section is read, when there is none, and when it is damaged: a message
// with what next, never an empty page.
import { Component, type ComponentChildren } from 'preact';
import { reason } from '../bundle/problem.ts';
import type { Loaded } from '../state/documents.ts';
import { useFieldToCome } from '../state/keys.ts';

export function Message({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="message" role="status">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Section<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  if (of.state === 'waiting') return <Reading />;
  if (of.state === 'absent') return <Message title="Not in this report"><p>{of.why}</p></Message>;
  if (of.state === 'broken')
    return (
      <Message title="This part of the report is damaged">
        <p>{of.why}</p>
        <p>The other views still show what could be read. Make the report again with <code>track html</code>.</p>
      </Message>
    );
  return <Guard>{children(of.value)}</Guard>;
}

function Reading() {
  useFieldToCome();
  return <div class="message" role="status">Reading …</div>;
}

// A section may be whole and still not say what it should: the view fails, the page does not.
export class Guard extends Component<{ children: ComponentChildren }, { failed?: string }> {
  override componentDidCatch(error: unknown) {
    this.setState({ failed: reason(error) });
  }
  override render() {
    if (this.state.failed === undefined) return this.props.children;
    return (
      <Message title="This part of the report cannot be shown">
        <p>Its data is not as it should be: {this.state.failed}</p>
        <p>The other views still work. A report made by another version of <code>track</code> may need that version's viewer.</p>
      </Message>
    );
  }
}
