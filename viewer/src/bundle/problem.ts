// What is wrong with a bundle, in words for the person who opened it: what, where, what next.
export class BundleProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BundleProblem';
  }
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
