// The sections of one bundle, each read once, when a view first asks for it.
import { type Columns, decodeColumns } from './columns.ts';
import { decodeBytes, decodeColumnar } from './decoder.ts';
import { BundleProblem, reason } from './problem.ts';
import type { Source } from './source.ts';

export class Bundle {
  readonly source: Source;
  private readonly read = new Map<string, Promise<unknown>>();

  constructor(source: Source) {
    this.source = source;
  }

  // Undefined when the bundle has no such section; rejects when what it has cannot be read.
  json<T>(name: string): Promise<T | undefined> {
    return this.once(name, async () => {
      const bytes = await this.bytes(name);
      if (!bytes) return undefined;
      try {
        return JSON.parse(new TextDecoder().decode(bytes)) as T;
      } catch (error) {
        throw new BundleProblem(`it is not JSON (${reason(error)})`);
      }
    });
  }

  columns(name: string): Promise<Columns | undefined> {
    return this.once(name, async () => {
      const found = await this.source.read(name);
      if (!found) return undefined;
      return found.packed ? decodeColumnar(found.packed) : decodeColumns(found.plain!);
    });
  }

  // What was read is read anew when asked again: `track serve` has newer.
  forget(name: string): void {
    this.read.delete(name);
  }

  private async bytes(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const found = await this.source.read(name);
    return found?.packed ? decodeBytes(found.packed) : found?.plain;
  }

  private once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = this.read.get(name);
    if (known) return known as Promise<T>;
    const made = make().catch((error: unknown) => {
      throw new BundleProblem(`Section "${name}" cannot be read: ${reason(error)}.`);
    });
    this.read.set(name, made);
    return made;
  }
}
