// Finds the bundle, shows the page.
import { render } from 'preact';
import { Shell } from './app/shell.tsx';
import { openFirst } from './app/opening.ts';
import { followKeys } from './state/keys.ts';
import { followUrl } from './state/route.ts';
import { followTheme } from './state/settings.ts';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './waits/waits.css';
import './growth/growth.css';

followTheme();
followUrl();
followKeys();
openFirst();
render(<Shell />, document.getElementById('track-app')!);
const written = document.getElementById('track-static');
if (written) written.hidden = true;
