// The sources that the bundle brought along, each line with what it weighs.

import { useMemo } from 'preact/hooks';
import { amount, percent } from '../canvas/units.ts';
import type { SourceWindow } from '../model/frame.ts';
import { count } from '../model/words.ts';
import { sources } from '../state/documents.ts';
import { Message, Section } from '../ui/section.tsx';
import { baseName } from './frames.ts';
import { file_of, placeTally, profile, source, unit } from './state.ts';

interface Weight {
  flat: number;
  cum: number;
}

interface File {
  path: string;
  lines: Map<number, Weight>;
  heaviest: number; // cum of its heaviest line
}

// Files with what their lines weigh, the heaviest line first.
function weighFiles(): File[] {
  const places = placeTally.value;
  const strings = profile.value?.frames.strings;
  if (!places || !strings) return [];
  const files = new Map<number, File>();
  for (let at = 0; at < places.key.length; ++at) {
    const [file, line] = places.places[places.key[at]]!.split(':').map(Number) as [number, number];
    if (file === 0) continue;
    let known = files.get(file);
    if (!known) files.set(file, (known = { path: strings[file] ?? '', lines: new Map(), heaviest: 0 }));
    known.lines.set(line, { flat: places.flat[at], cum: places.cum[at] });
    known.heaviest = Math.max(known.heaviest, places.cum[at]);
  }
  return [...files.values()].sort((a, b) => b.heaviest - a.heaviest);
}

export function SourceView() {
  const places = placeTally.value;
  const files = useMemo(weighFiles, [places]);
  return (
    <Section of={sources().value}>
      {(all) => {
        const there = files.filter((file) => all[file.path]);
        const shown = there.find((file) => file.path === file_of.value) ?? there[0];
        if (!shown) return <Message title="No source of this profile is in the report"><p>Lines come along where the files could be read when the report was made.</p></Message>;
        const windows = all[shown.path]!;
        return (
          <div class="sources">
            <div class="sources-head"><label class="facet">
              File{' '}
              <select value={shown.path} onChange={(event) => file_of.set(event.currentTarget.value)}>
                {there.map((file) => <option key={file.path} value={file.path}>{file.path}</option>)}
              </select>
            </label>
            <span class="quiet">{count(there.length)} of {count(files.length)} files are in the report, the heaviest first</span></div>
            <FileLines file={shown} windows={Array.isArray(windows) ? windows : [windows]} />
          </div>
        );
      }}
    </Section>
  );
}

function FileLines({ file, windows }: { file: File; windows: SourceWindow[] }) {
  const whole = source.value?.totals[0]?.[0] ?? 0;
  const sorted = [...windows].sort((a, b) => a.first - b.first);
  return (
    <div class="source-lines" tabIndex={0} role="region" aria-label={`Lines of ${file.path}`}>
      <table>
        <caption class="unseen">{baseName(file.path)} with flat and cumulative weight by line</caption>
        <thead><tr><th scope="col">Flat</th><th scope="col">Cum</th><th scope="col">Line</th><th scope="col" class="left">{file.path}</th></tr></thead>
        {sorted.map((window) => (
          <tbody key={window.first}>
            {window.lines.map((text, i) => {
              const number = window.first + i;
              return <Line key={number} number={number} text={text} weight={file.lines.get(number)} whole={whole} />;
            })}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Line({ number, text, weight, whole }: { number: number; text: string; weight: Weight | undefined; whole: number }) {
  const part = weight && whole > 0 ? Math.min(Math.max(weight.cum / whole, 0), 1) : 0;
  return (
    <tr class={weight ? 'heavy' : ''}>
      <td>{weight && weight.flat !== 0 ? amount(weight.flat, unit.value) : ''}</td>
      <td class="weight" title={weight ? `${percent(weight.cum, whole)} of all` : ''} style={{ backgroundSize: `${part * 100}% 100%` }}>{weight ? amount(weight.cum, unit.value) : ''}</td>
      <td class="quiet">{number}</td>
      <td class="code left">{text || ' '}</td>
    </tr>
  );
}
