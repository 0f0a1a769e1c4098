// A modal over the page: the browser keeps the focus inside, Escape closes it. It has the focus before
// the next key: what somebody types at once is typed into it.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function Dialog({ label, close, children }: { label: string; close(): void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      // Closed by Escape, the browser has given it back already, and it may have gone on since.
      const now = document.activeElement;
      const lost = !now || now === document.body || dialog?.contains(now);
      if (lost && before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      aria-label={label}
      onClose={close}
      onClick={(event) => event.target === box.current && close()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div class="dialog">{children}</div>
    </dialog>
  );
}
