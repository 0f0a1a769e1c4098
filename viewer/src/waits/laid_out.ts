// What the worker that lays graphs out is asked, and answers.

export interface LayoutJob {
  id: number;
  nodes: string[];
  edges: { from: string; to: string }[];
  rings: string[][];
}

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  // Centres.
  cards: Record<string, Point>;
  boxes: Box[];
  // By index of the job's edges.
  lines: Point[][];
}

export const card_width = 216;
export const card_height = 50;
