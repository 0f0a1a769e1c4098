import type { View } from '../views/view.ts';
import { FunctionDetails, StackDetails } from './details.tsx';
import { findFunctions } from './find.ts';
import { ProfileView } from './profile.tsx';
import './profile.css';

export const profileView: View = {
  id: 'profile',
  title: 'Profile',
  key: '3',
  Component: ProfileView,
  search: [{ title: 'Functions', find: findFunctions }],
  details: { function: FunctionDetails, stack: StackDetails },
  keys: [
    ['← → ↑ ↓', 'walk from box to box'],
    ['Enter', 'zoom to the box'],
    ['Esc', 'zoom back out'],
    ['i', 'details of the box'],
    ['c', 'its callers and callees'],
    ['o', 'its source'],
    ['f', 'find in the profile'],
    ['Page Up, Page Down', 'scroll'],
  ],
};
