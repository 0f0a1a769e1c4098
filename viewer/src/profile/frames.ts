// The frames that a profile's nodes name, and the strings those name.

import type { Frame } from '../model/frame.ts';

export interface Frames {
  strings: string[];
  function: Uint32Array;
  file: Uint32Array;
  line: Uint32Array;
  module: Uint32Array;
  flags: Uint8Array;
}

export const kMark = 2; // "(created by)", a co_await line

export function functionName(frames: Frames, frame: number): string {
  return frames.strings[frames.function[frame]] || '(unknown)';
}

export function place(frames: Frames, frame: number): string {
  const file = frames.strings[frames.file[frame]];
  if (!file) return '';
  const line = frames.line[frame];
  return line ? `${file}:${line}` : file;
}

export function moduleName(frames: Frames, frame: number): string {
  return frames.strings[frames.module[frame]] || '';
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

// As other parts of the page show frames.
export function frameOf(frames: Frames, at: number): Frame {
  return {
    function: frames.strings[frames.function[at]] ?? '',
    file: frames.strings[frames.file[at]] || null,
    line: frames.line[at],
    module: frames.strings[frames.module[at]] ?? '',
  };
}
