// The node that is zoomed to. The URL follows a little later: to write it takes longer than to draw.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Frames } from './frames.ts';
import { findNode, nodeId } from './node_id.ts';
import { zoomed_to } from './state.ts';
import type { Tree } from './tree.ts';

const kUrlLater = 250;

export function useZoom(tree: Tree, frames: Frames): [number, (node: number) => void] {
  const now = useRef({ tree, url: '', node: 0 });
  const timer = useRef(0);
  const [, drawAgain] = useState(0);
  const url = zoomed_to.value;
  if (now.current.url !== url || now.current.tree !== tree) {
    // A link, Back, another value: somebody else than this view says where to.
    clearTimeout(timer.current);
    now.current = { tree, url, node: Math.max(findNode(tree.shape, frames, url), 0) };
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const zoom = (node: number) => {
    now.current.node = node;
    drawAgain((times) => times + 1);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      now.current.url = nodeId(tree.shape, frames, node);
      zoomed_to.set(now.current.url);
    }, kUrlLater);
  };
  return [now.current.node, zoom];
}
