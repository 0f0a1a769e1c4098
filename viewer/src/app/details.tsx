// The panel on the right: what is known of the selection. Its edge can be dragged, or moved by arrow keys.
import { useEffect, useRef } from 'preact/hooks';
import { select, selection } from '../state/selection.ts';
import { details_width } from '../state/settings.ts';
import { Guard } from '../ui/section.tsx';
import { detailsFor } from '../views/registry.ts';

const narrowest = 20;
const widest = 80;
const step = 2;
// As in style/shell.css.
const stacked = '(max-width: 60rem)';

export function Details() {
  const now = selection.value;
  const panel = useRef<HTMLElement>(null);
  const Shown = now && detailsFor(now.kind);
  const id = now && `${now.kind}~${now.id}`;
  // On a narrow page the panel is below what was clicked.
  useEffect(() => {
    if (id && matchMedia(stacked).matches) panel.current?.scrollIntoView({ block: 'start' });
  }, [id]);
  if (!now || !Shown) return null;
  const share = Math.min(widest, Math.max(narrowest, Number(details_width.value) || 40));
  return (
    <aside ref={panel} class="details" aria-label="Details" style={{ '--share': `${share}vw` }}>
      <Edge share={share} />
      <button type="button" class="close" aria-label="Close details" onClick={() => select(undefined)}>✕</button>
      <Guard key={id}><Shown id={now.id} /></Guard>
    </aside>
  );
}

// In percent of the page's width.
function Edge({ share }: { share: number }) {
  const dragged = useRef(false);
  const set = (next: number) => {
    details_width.value = String(Math.round(Math.min(widest, Math.max(narrowest, next))));
  };
  return (
    <div class="edge-handle" role="separator" tabIndex={0} aria-orientation="vertical" aria-label="Width of the details"
      aria-valuenow={share} aria-valuemin={narrowest} aria-valuemax={widest}
      onPointerDown={(event) => { dragged.current = true; event.currentTarget.setPointerCapture(event.pointerId); }}
      onPointerMove={(event) => dragged.current && set(100 - (event.clientX / innerWidth) * 100)}
      onPointerUp={() => { dragged.current = false; }}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowLeft' ? step : event.key === 'ArrowRight' ? -step : 0;
        if (by === 0) return;
        set(share + by);
        event.preventDefault();
        event.stopPropagation();
      }} />
  );
}
