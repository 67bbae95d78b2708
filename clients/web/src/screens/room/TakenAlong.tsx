import { IconFile } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { takenAlong } from "../../session";
import type { Carried } from "../../state/apply";
import { useFormat } from "../../ui/format";
import css from "./Attachments.module.css";

/** A file of a message that is still only on this device. */
export function TakenAlong({ file }: { file: Carried }) {
  const format = useFormat();
  const [src, setSrc] = useState<string>();
  const photo = file.type.startsWith("image/");
  useEffect(() => {
    if (!photo) return;
    let address: string | undefined;
    let gone = false;
    void takenAlong(file.key).then((blob) => {
      if (blob && !gone) setSrc((address = URL.createObjectURL(blob)));
    });
    return () => {
      gone = true;
      if (address) URL.revokeObjectURL(address);
    };
  }, [file.key, photo]);
  if (src) return <img className={css.taken} src={src} alt={file.name} />;
  return (
    <span className={css.file}>
      <span className={css.sign}>
        <IconFile size={20} stroke={1.7} />
      </span>
      <span>
        <strong>{file.name}</strong>
        <small>{format.size(file.size)}</small>
      </span>
    </span>
  );
}
