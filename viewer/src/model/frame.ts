// A line of a stack, and of a source.
export interface Frame {
  function: string;
  file: string | null;
  line: number;
  module?: string;
  offset?: string;
}

export interface AwaitPoint extends Frame {
  stage: string;
  method: string;
  exact: boolean;
  promise_type: string | null;
  awaiter_type: string | null;
}

export interface SourceWindow {
  first: number;
  lines: string[];
}

export type Sources = Record<string, SourceWindow | SourceWindow[]>;

export function baseName(path: string | null | undefined): string {
  return path ? path.slice(path.lastIndexOf('/') + 1) : '';
}

export function placeText(frame: Frame | undefined): string {
  if (!frame) return '';
  if (frame.file) return `${baseName(frame.file)}:${frame.line}`;
  const module = baseName(frame.module);
  return frame.offset ? `${module}+${frame.offset}` : module;
}

// Not the reader's own code: folded in stacks, skipped when one place stands for a whole stack.
export function isLibrary(frame: Frame): boolean {
  if (/^\/(usr\/)?lib(32|64)?\/|^\[vdso/.test(frame.module ?? '')) return true;
  if (frame.file) return /^\/usr\/|\/(include\/c\+\+|libstdc\+\+|asio|boost)\//.test(frame.file);
  return /(^|\/)(lib[^/]*\.so|ld-linux)/.test(frame.module ?? '') || frame.function === '';
}

export function ownFrame(stack: readonly Frame[] | undefined): Frame | undefined {
  return stack?.find((frame) => !isLibrary(frame)) ?? stack?.[0];
}

// Lines from..to of a file where the bundle has them.
export function sourceLines(sources: Sources | undefined, frame: Frame): SourceWindow | undefined {
  const found = frame.file ? sources?.[frame.file] : undefined;
  if (!found) return undefined;
  const windows = Array.isArray(found) ? found : [found];
  return windows.find((one) => one.first <= frame.line && frame.line < one.first + one.lines.length);
}
