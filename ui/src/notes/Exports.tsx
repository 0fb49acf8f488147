/** Notes to take along: copied as Markdown, or as a file. */

import { Menu } from "@mantine/core";
import { useState } from "react";
import { Icon } from "../kit/Icon";
import { tell, tellProblem } from "../kit/reports";
import { notesText, type NotesFormat } from "../api/notes";

interface ExportsProps {
  readonly release: string;
  readonly environment: string;
  readonly from: string;
}

interface Form {
  readonly format: NotesFormat;
  readonly title: string;
  readonly ending: string;
  readonly type: string;
}

const FORMS: readonly Form[] = [
  { format: "markdown", title: "Markdown", ending: "md", type: "text/markdown" },
  { format: "text", title: "Plain text", ending: "txt", type: "text/plain" },
  { format: "json", title: "JSON", ending: "json", type: "application/json" },
];

export function Exports({ release, environment, from }: ExportsProps) {
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const copy = () =>
    attempt(async () => {
      await navigator.clipboard.writeText(await notesText(release, environment, from, "markdown"));
      tell("Copied as Markdown.");
    });
  const download = ({ format, ending, type }: Form) =>
    attempt(async () => {
      const text = await notesText(release, environment, from, format);
      save(new Blob([text], { type }), `${release}-${environment}.${ending}`);
    });
  return (
    <div className="row no-print">
      <button className="btn" disabled={busy} onClick={() => void copy()}>
        <Icon name="copy" />
        Copy
      </button>
      <Menu position="bottom-end">
        <Menu.Target>
          <button className="btn" disabled={busy} aria-label="Download the notes">
            <Icon name="download" />
            Download
            <Icon name="down" size={12} />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMS.map((form) => (
            <Menu.Item key={form.format} onClick={() => void download(form)}>
              {form.title}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => window.print()}>Print…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
