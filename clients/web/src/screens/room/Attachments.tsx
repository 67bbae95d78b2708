import { Loader } from "@mantine/core";
import { IconFile, IconPhotoOff } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "../../api/types";
import { access } from "../../session";
import { useFormat } from "../../ui/format";
import { saveAs } from "../../ui/saveAs";
import { useFile } from "../../ui/useFile";
import { lazily } from "../../ui/lazily";
import css from "./Attachments.module.css";

const PhotoViewer = lazily(() => import("./PhotoViewer"));

export function Attachments({ attachments, groupId }: { attachments: Attachment[]; groupId: string }) {
  const photos = attachments.filter((one) => one.kind === "photo");
  const files = attachments.filter((one) => one.kind !== "photo");
  return (
    <>
      {photos.length > 0 && (
        <div className={css.photos} data-count={Math.min(photos.length, 4)}>
          {photos.map((photo) => (
            <Photo key={photo.id} photo={photo} groupId={groupId} alone={photos.length === 1} />
          ))}
        </div>
      )}
      {files.map((file) => (
        <File key={file.id} file={file} />
      ))}
    </>
  );
}

function Photo({ photo, groupId, alone }: { photo: Attachment; groupId: string; alone: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { src, failed } = useFile(photo.thumbnail_url ?? photo.url);
  // Its room is there before it is, so that nothing moves when it comes.
  const shape = alone && photo.width && photo.height ? { aspectRatio: `${photo.width} / ${photo.height}`, inlineSize: Math.min(360, photo.width) } : undefined;
  return (
    <>
      <button type="button" className={css.photo} style={shape} aria-label={t("attach.open", { name: photo.name })} onClick={() => setOpen(true)}>
        {src ? <img src={src} alt="" /> : failed ? <IconPhotoOff size={24} /> : <Loader size="xs" />}
      </button>
      <Suspense>{open && <PhotoViewer photo={photo} groupId={groupId} close={() => setOpen(false)} />}</Suspense>
    </>
  );
}

function File({ file }: { file: Attachment }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  async function fetch() {
    setState("busy");
    await save(file).then(
      () => setState("idle"),
      () => setState("failed"),
    );
  }
  return (
    <button type="button" className={css.file} aria-label={t("attach.download", { name: file.name })} onClick={() => void fetch()}>
      <span className={css.sign}>{state === "busy" ? <Loader size={18} /> : <IconFile size={20} stroke={1.7} />}</span>
      <span>
        <strong>{file.name}</strong>
        <small>{state === "failed" ? t("attach.gone") : format.size(file.size)}</small>
      </span>
    </button>
  );
}

const save = async (file: Attachment) => saveAs(await access.file(file.url), file.name);
