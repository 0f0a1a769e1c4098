import type { View } from '../views/view.ts';
import { SpanDetails } from './details.tsx';
import { findLanes } from './find_view.ts';
import { TimelineView } from './timeline.tsx';
import './timeline.css';

export const timelineView: View = {
  id: 'timeline',
  title: 'Timeline',
  key: '4',
  Component: TimelineView,
  search: [{ title: 'Lanes', find: findLanes }],
  details: { span: SpanDetails },
  keys: [
    ['↑ ↓ ← →', 'walk from lane to lane, span to span'],
    ['Enter', 'pick the span; fold the group'],
    ['w s', 'zoom in, out'],
    ['a d', 'move left, right'],
    ['0', 'the whole time'],
    ['z', 'zoom to the span'],
    ['m', 'mark its time as the range'],
    ['[ ]', 'back, on along who waits for whom'],
    ['i', 'details of the span'],
    ['t', 'table'],
    ['f', 'find'],
    ['Esc', 'clear range, pick, zoom'],
  ],
};
