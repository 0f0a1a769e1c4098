// `/`: asks every view for what was typed, and goes there.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { views } from '../views/registry.ts';
import type { Hit } from '../views/view.ts';
import { Dialog } from './dialog.tsx';

const limit = 8;

interface Group {
  title: string;
  hits: Hit[];
}

async function findAll(text: string): Promise<Group[]> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const providers = views.flatMap((view) => view.search ?? []);
  const groups = await Promise.all(providers.map(async ({ title, find }) => {
    try {
      return { title, hits: await find(words, limit) };
    } catch {
      // A damaged section says so in its own view; the others can still be searched.
      return { title, hits: [] };
    }
  }));
  return groups.filter((group) => group.hits.length > 0);
}

export function Search({ close }: { close(): void }) {
  const [text, setText] = useState('');
  const [groups, setGroups] = useState<Group[]>([]);
  const [active, setActive] = useState(0);
  // The answer to what was typed last, and which one is shown.
  const asked = useRef<Promise<Group[]> | undefined>(undefined);
  const [answered, setAnswered] = useState<Promise<Group[]>>();
  const hits = groups.flatMap((group) => group.hits);
  const searching = asked.current !== answered;
  useLayoutEffect(() => () => { asked.current = undefined; }, []);

  const ask = (next: string) => {
    setText(next);
    const answer = findAll(next);
    asked.current = answer;
    void answer.then((found) => {
      if (asked.current !== answer) return;
      setGroups(found);
      setActive(0);
      setAnswered(answer);
    });
  };

  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    close();
    hit.open();
  };
  // Typed before the answer is there, Enter means the first of what will be found.
  const enter = () => {
    const answer = asked.current;
    if (!searching) return go(hits[active]);
    void answer?.then((found) => {
      if (asked.current === answer) go(found[0]?.hits[0]);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(active + 1, hits.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else if (event.key === 'Enter') enter();
    else return;
    event.preventDefault();
  };

  let index = 0;
  return (
    <Dialog label="Search" close={close}>
      <input
        class="search-text"
        type="text"
        role="combobox"
        aria-label="Search tasks, functions, files, objects"
        aria-expanded={hits.length > 0}
        aria-controls="search-hits"
        aria-activedescendant={hits.length > 0 ? `search-hit-${active}` : undefined}
        placeholder="tasks, functions, files, objects …"
        value={text}
        autoFocus
        onInput={(event) => ask(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div id="search-hits" class="search-hits" role="listbox" aria-label="Found">
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <div class="search-group" aria-hidden="true">{group.title}</div>
            {group.hits.map((hit) => {
              const at = index++;
              return (
                <div key={at} id={`search-hit-${at}`} role="option" aria-selected={at === active} onClick={() => go(hit)}>
                  <span>{hit.label}</span> <span class="quiet">{hit.detail}</span>
                </div>
              );
            })}
          </div>
        ))}
      </div>
      <p class="quiet" role="status">{text.trim() && (searching ? 'searching …' : hits.length === 0 ? 'nothing found' : `${hits.length} found`)}</p>
    </Dialog>
  );
}
