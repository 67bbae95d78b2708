import { IconBriefcase2, IconChecklist, IconMessage2 } from "@tabler/icons-react";
import type { Catalogue } from "../api/types";
import css from "./Avatar.module.css";
import { useFile } from "./useFile";

const HUES = [255, 200, 165, 325, 285, 20, 45, 225];

function hue(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return HUES[sum % HUES.length]!;
}

/** Two letters of a Western name, the last character or two of a Chinese one. What follows a comma is no name. */
export function initials(name: string): string {
  const words = name.split(",")[0]!.trim().split(/\s+/u);
  if (/\p{Script=Han}/u.test(name)) return [...name.trim()].slice(-2).join("");
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((w) => [...(w ?? "")][0] ?? "").join("").toUpperCase();
}

interface Props {
  id: string;
  name: string;
  size?: number;
  src?: string | null;
  /** A group: square, with the sign of its catalogue. */
  catalogue?: Catalogue;
}
const SIGNS = { chat: IconMessage2, business: IconBriefcase2, task: IconChecklist };

export function Avatar({ id, name, size = 40, src, catalogue }: Props) {
  const { src: shown } = useFile(src);
  const Sign = catalogue && catalogue !== "chat" ? SIGNS[catalogue] : null;
  // The initials are no text of the page: not read out, not copied with a message, not the name of a button.
  return (
    <span className={css.avatar} data-group={catalogue ? true : undefined} data-initials={shown ? undefined : initials(name)} style={{ "--hue": hue(id), "--size": `${size}px` } as React.CSSProperties} aria-hidden>
      {shown && <img src={shown} alt="" />}
      {Sign && (
        <span className={css.sign}>
          <Sign size={size * 0.3} stroke={2.2} />
        </span>
      )}
    </span>
  );
}
