// Beside the pointer, on the side where there is more room.
export function placeTip(tip: HTMLElement | null, box: HTMLElement, event: PointerEvent): void {
  if (!tip) return;
  const place = box.getBoundingClientRect();
  const x = event.clientX - place.left;
  const y = event.clientY - place.top;
  const left = x > place.width / 2;
  const over = y > place.height / 2;
  tip.style.left = left ? 'auto' : `${x + 14}px`;
  tip.style.right = left ? `${place.width - x + 10}px` : 'auto';
  tip.style.top = over ? 'auto' : `${y + 16}px`;
  tip.style.bottom = over ? `${place.height - y + 10}px` : 'auto';
}
