import { gzipSync } from 'fflate';
import { build, defineConfig, type Plugin } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

// `import packed from './X.worker.ts?packed'`: a worker's program as base64 of its gzip member. Most readers
// never need it: it costs the page neither the room nor the time to be read. The packer is one written in
// JavaScript: zlib's own bytes depend on the processor.
const packed: Plugin = {
  name: 'packed',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (!source.endsWith('?packed')) return null;
    const found = await this.resolve(source.slice(0, -'?packed'.length), importer);
    return found && `\0${found.id}?packed`;
  },
  async load(id) {
    if (!id.startsWith('\0') || !id.endsWith('?packed')) return null;
    const entry = id.slice(1, -'?packed'.length);
    this.addWatchFile(entry);
    const built = await build({
      configFile: false,
      logLevel: 'silent',
      build: { target: 'es2022', write: false, minify: true, modulePreload: false, rollupOptions: { input: entry, output: { format: 'iife' } } },
    });
    const [one] = (Array.isArray(built) ? built : [built]).flatMap((each) => ('output' in each ? each.output : []));
    if (one?.type !== 'chunk') throw new Error(`${entry} gives no program`);
    const member = gzipSync(new TextEncoder().encode(one.code), { level: 9, mtime: 0 });
    return `export default ${JSON.stringify(Buffer.from(member).toString('base64'))};`;
  },
};

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
    packed,
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
