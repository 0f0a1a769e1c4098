// The line below: what is missing from the record, and what was left out of the file.
import { meta } from '../state/documents.ts';
import { plural } from '../model/words.ts';
import { problem } from './opening.ts';

export function Status() {
  const about = meta.value;
  const lost = Object.entries(about?.lost ?? {}).filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what} lost`);
  const serious = [problem.value, ...lost, ...(about?.warnings ?? []), ...(about?.truncated ?? [])].filter(Boolean);
  const asides = [...(about?.not_visible ?? []).map((one) => `not visible: ${one}`), ...(about?.notes ?? [])];
  return (
    <footer class="status">
      {serious.length > 0 && <p class="serious">{serious.join(' · ')}</p>}
      {about && serious.length === 0 && <p>{!about.complete ? 'The record is not complete.' : about.not_visible?.length ? 'Nothing was lost, but not all is visible: see the notes.' : 'The record is complete: nothing was lost.'}</p>}
      {asides.length > 0 && (
        <details>
          <summary>{plural(asides.length, 'note')}</summary>
          <ul>{asides.map((one) => <li key={one}>{one}</li>)}</ul>
        </details>
      )}
      {about?.version && <p class="version">track {about.version}</p>}
    </footer>
  );
}
