// Rows of one height, of which only those in sight exist: a hundred thousand scroll as ten do. One
// tab stop; the arrow keys move an active row that aria-activedescendant names.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface RowProps {
  id: string;
  role: 'row';
  'aria-rowindex': number;
  'data-active': boolean;
  style: { transform: string; height: string };
  onClick(): void;
}

interface Props {
  label: string;
  role?: 'grid' | 'treegrid';
  id: string;
  count: number;
  height: number;
  active: number;
  header: ComponentChildren;
  row(index: number, props: RowProps): ComponentChildren;
  onActive(index: number): void;
  // Enter and click; and the keys that the rows do not take themselves.
  onOpen(index: number): void;
  onKey?(key: string, index: number): boolean;
}

const spare = 6;

export function Rows(props: Props) {
  const { count, height, active } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [sight, setSight] = useState(800);

  useLayoutEffect(() => {
    const element = box.current!;
    const watch = new ResizeObserver(() => setSight(element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  const head = () => (box.current?.firstElementChild as HTMLElement | null)?.offsetHeight ?? 0;
  const reveal = (index: number) => {
    const element = box.current;
    if (!element) return;
    const room = element.clientHeight - head();
    if (index * height < element.scrollTop) element.scrollTop = index * height;
    else if ((index + 1) * height > element.scrollTop + room) element.scrollTop = (index + 1) * height - room;
  };
  useLayoutEffect(() => {
    if (active >= 0) reveal(active);
  }, [active, sight]);

  const move = (to: number) => {
    if (count === 0) return;
    props.onActive(Math.max(0, Math.min(count - 1, to)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(sight / height) - 2);
    const steps: Record<string, number> = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: count - 1 };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' && active >= 0) props.onOpen(active);
    else if (!props.onKey?.(event.key, active)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  const first = Math.max(0, Math.floor(top / height) - spare);
  const last = Math.min(count, Math.ceil((top + sight) / height) + spare);
  const rows: ComponentChildren[] = [];
  const one = (index: number) =>
    props.row(index, {
      id: `${props.id}-${index}`,
      role: 'row',
      'aria-rowindex': index + 2,
      'data-active': index === active,
      style: { transform: `translateY(${index * height}px)`, height: `${height}px` },
      onClick: () => {
        props.onActive(index);
        props.onOpen(index);
      },
    });
  // What aria-activedescendant names has to exist, also when it is scrolled out of sight.
  if (active >= 0 && active < first) rows.push(one(active));
  for (let index = first; index < last; ++index) rows.push(one(index));
  if (active >= last && active < count) rows.push(one(active));

  return (
    <div
      class="rows"
      ref={box}
      role={props.role ?? 'grid'}
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={count + 1}
      aria-activedescendant={active >= 0 && active < count ? `${props.id}-${active}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
      onFocus={() => active < 0 && count > 0 && props.onActive(0)}
    >
      <div class="rows-head" role="rowgroup">{props.header}</div>
      <div class="rows-body" role="rowgroup" style={{ height: `${count * height}px` }}>{rows}</div>
    </div>
  );
}
