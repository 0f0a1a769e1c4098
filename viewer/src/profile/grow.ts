// A trie that is being written, row by row, of a size nobody knows before.

import { type Shape, shape } from './trie.ts';

export interface Merged {
  shape: Shape;
  selves: Float64Array[]; // as many as were asked for
}

export class GrowingTrie {
  readonly selves: Float64Array[];
  private depth = new Uint16Array(1024);
  private frame = new Uint32Array(1024);
  private count = 0;

  constructor(values: number) {
    this.selves = Array.from({ length: values }, () => new Float64Array(1024));
  }

  add(depth: number, frame: number): number {
    if (this.count === this.frame.length) this.grow();
    this.depth[this.count] = depth;
    this.frame[this.count] = frame;
    return this.count++;
  }

  done(): Merged {
    const { count } = this;
    return {
      shape: shape(this.depth.slice(0, count), this.frame.slice(0, count)),
      selves: this.selves.map((self) => self.slice(0, count)),
    };
  }

  private grow(): void {
    const room = this.count * 2;
    const depth = new Uint16Array(room);
    depth.set(this.depth);
    this.depth = depth;
    const frame = new Uint32Array(room);
    frame.set(this.frame);
    this.frame = frame;
    for (let value = 0; value < this.selves.length; ++value) {
      const self = new Float64Array(room);
      self.set(this.selves[value]);
      this.selves[value] = self;
    }
  }
}
