// A call stack, leaf first: the reader's own lines stand out, runs of library lines fold.
import { useState } from 'preact/hooks';
import { type Frame, isLibrary, placeText, sourceLines } from '../model/frame.ts';
import { plural, shortName } from '../model/words.ts';
import { sources } from '../state/documents.ts';
import { full_names, library_frames } from '../state/settings.ts';

export function Name({ of }: { of: string }) {
  return <span title={of}>{full_names.value === 'full' ? of : shortName(of)}</span>;
}

interface Run {
  from: number;
  frames: readonly Frame[];
  folded: boolean;
}

// Runs of two or more library lines fold, save where that would leave nothing.
function runsOf(frames: readonly Frame[], fold: boolean): Run[] {
  const runs: Run[] = [];
  const all_library = frames.every(isLibrary);
  for (let i = 0; i < frames.length;) {
    let end = i;
    const folded = fold && !all_library && isLibrary(frames[i]!);
    while (end < frames.length && (fold && !all_library && isLibrary(frames[end]!)) === folded) ++end;
    runs.push({ from: i, frames: frames.slice(i, end), folded: folded && end - i > 1 });
    i = end;
  }
  return runs;
}

export function Stack({ frames, label }: { frames: readonly Frame[]; label: string }) {
  if (frames.length === 0) return <p class="quiet">No stack was taken.</p>;
  const runs = runsOf(frames, library_frames.value === 'folded');
  const marked = frames.findIndex((frame) => !isLibrary(frame));
  return (
    <ol class="stack" aria-label={label}>
      {runs.map((run) =>
        run.folded
          ? <Folded key={`${run.from}`} frames={run.frames} />
          : run.frames.map((frame, i) => <Line key={`${run.from + i}`} frame={frame} open={run.from + i === marked} />),
      )}
    </ol>
  );
}

function Folded({ frames }: { frames: readonly Frame[] }) {
  const [open, setOpen] = useState(false);
  return (
    <li class="folded">
      <button type="button" class="plain" aria-expanded={open} onClick={() => setOpen(!open)}>
        {plural(frames.length, 'library frame')}
      </button>
      {open && <ol>{frames.map((frame, i) => <Line key={i} frame={frame} open={false} />)}</ol>}
    </li>
  );
}

function Line({ frame, open: at_first }: { frame: Frame; open: boolean }) {
  const loaded = sources().value;
  const [open, setOpen] = useState(at_first);
  const window = loaded.state === 'ready' ? sourceLines(loaded.value, frame) : undefined;
  const place = placeText(frame);
  return (
    <li class={isLibrary(frame) ? 'library' : 'own'}>
      <span class="function">{frame.function ? <Name of={frame.function} /> : place}</span>
      {window
        ? (
          <button type="button" class="plain place" aria-expanded={open} title={frame.file ?? ''} onClick={() => setOpen(!open)}>
            {place}
          </button>
        )
        : <span class="place" title={frame.file ?? frame.module}>{frame.function ? place : ''}</span>}
      {open && window && <Source first={window.first} lines={window.lines} marked={frame.line} />}
    </li>
  );
}

const around = 4;

export function Source({ first, lines, marked }: { first: number; lines: readonly string[]; marked: number }) {
  const from = Math.max(0, marked - first - around);
  const shown = lines.slice(from, marked - first + around + 1);
  return (
    <pre class="source" tabIndex={0} aria-label={`source around line ${marked}`}>
      {shown.map((line, i) => {
        const number = first + from + i;
        return (
          <span key={number} class={number === marked ? 'line marked' : 'line'}>
            <span class="line-number" aria-hidden="true">{number === marked ? '▶' : ' '}{String(number).padStart(5)}</span> {line || ' '}{'\n'}
          </span>
        );
      })}
    </pre>
  );
}
