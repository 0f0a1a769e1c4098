// The bare viewer: a bundle is chosen or dropped.
import { openFile } from './opening.ts';

export function OpenFile() {
  return (
    <div
      class="message"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file) void openFile(file);
      }}
    >
      <h2>No report is in this page</h2>
      <p><code>track html TARGET -o report.html</code> makes a page with one. A view bundle can be opened here:</p>
      <p>
        <label>Open a bundle{' '}
          <input type="file" onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void openFile(file);
          }} />
        </label>
      </p>
    </div>
  );
}
