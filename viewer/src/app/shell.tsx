// The page: top bar, rail, the view, the details panel, the status line.
import { useLayoutEffect, useState } from 'preact/hooks';
import { select, selection, setRange } from '../state/selection.ts';
import { jump, view } from '../state/route.ts';
import { useKeys } from '../state/keys.ts';
import { ChooseTarget } from '../live/choose_target.tsx';
import { Guard, Message } from '../ui/section.tsx';
import { views } from '../views/registry.ts';
import { Details } from './details.tsx';
import { Help } from './help.tsx';
import { opening, server, targets } from './opening.ts';
import { OpenFile } from './open_file.tsx';
import { Search } from './search.tsx';
import { Status } from './status.tsx';
import { TopBar } from './top_bar.tsx';

export type Overlay = '' | 'search' | 'help';

export function Shell() {
  const [overlay, setOverlay] = useState<Overlay>('');
  const shown = views.find((one) => one.id === view.value) ?? views[0]!;
  useLayoutEffect(() => {
    document.title = `${shown.title} – track`;
  }, [shown.id]);
  useKeys({
    '/': () => setOverlay('search'),
    '?': () => setOverlay('help'),
    // First what is selected, then the range.
    Escape: () => (selection.peek() ? select(undefined) : setRange(undefined)),
    ...Object.fromEntries(views.map((one) => [one.key, () => jump(one.id)])),
  });
  const state = opening.value;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>To the content</a>
      <TopBar open={setOverlay} />
      <nav class="rail" aria-label="Views">
        {views.map((one) => (
          <a
            key={one.id}
            href={`#${one.id}`}
            aria-current={one.id === shown.id ? 'page' : undefined}
            onClick={(event) => { event.preventDefault(); jump(one.id); }}
          >
            {one.title}<kbd aria-hidden="true">{one.key}</kbd>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1} aria-label={shown.title}>
        {state.state === 'failed' && <Message title="This report cannot be opened"><p>{state.why}</p></Message>}
        {(state.state === 'none' || state.state === 'failed') && !server && <OpenFile />}
        {state.state === 'choose' && server && <ChooseTarget server={server} targets={targets.value} />}
        {state.state === 'opening' && <div class="message" role="status">Opening …</div>}
        {state.state === 'open' && <Guard key={shown.id}><shown.Component /></Guard>}
      </main>
      {state.state === 'open' && <Details />}
      <Status />
      {overlay === 'search' && <Search close={() => setOverlay('')} />}
      {overlay === 'help' && <Help view={shown} close={() => setOverlay('')} />}
    </div>
  );
}
