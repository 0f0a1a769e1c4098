import { defineConfig } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

// One file, byte for byte the same on every build: the result is committed and compared by the tests.
export default defineConfig({
  // `track serve` puts a fresh value in the place of this word; elsewhere it does nothing.
  html: { cspNonce: 'TRACK-NONCE' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: process.env.VIEWER_OUT ?? 'dist',
    rollupOptions: { input: 'index.html' },
    modulePreload: false,
    reportCompressedSize: false,
  },
  plugins: [
    viteSingleFile({ removeViteModuleLoader: true }),
    {
      name: 'viewer.html',
      enforce: 'post',
      generateBundle(_options, bundle) {
        const page = bundle['index.html'];
        if (page) page.fileName = 'viewer.html';
      },
    },
  ],
});
