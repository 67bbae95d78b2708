import "yet-another-react-lightbox/styles.css";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import Lightbox from "yet-another-react-lightbox";
import Zoom from "yet-another-react-lightbox/plugins/zoom";
import type { Attachment } from "../../api/types";
import { queries } from "../../api/queries";
import { access, file } from "../../session";
import { store } from "../../state/store";
import { saveAs } from "../../ui/saveAs";

/** Keys of addresses that useFile has fetched, too. */
const fetched = (url: string) => queries.fetchQuery({ queryKey: ["file", url], queryFn: async () => URL.createObjectURL(await file(url)), staleTime: Infinity, gcTime: 10 * 60_000 });

function photosOf(groupId: string, photo: Attachment): Attachment[] {
  const entries = store.getState().rooms[groupId]?.entries ?? [];
  const all = entries.flatMap((entry) => (entry.deleted ? [] : (entry.attachments ?? []))).filter((one) => one.kind === "photo");
  return all.some((one) => one.id === photo.id) ? all : [photo];
}

/** A photo over the whole screen: near by wheel, pinch or keys; the others of the room on either side. */
export default function PhotoViewer({ photo, groupId, close }: { photo: Attachment; groupId: string; close: () => void }) {
  const { t } = useTranslation();
  // As they were when this one was opened: what comes meanwhile must not move it from under the eye.
  const [all] = useState(() => photosOf(groupId, photo));
  const [index, setIndex] = useState(Math.max(0, all.findIndex((one) => one.id === photo.id)));
  const [sources, setSources] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    // The ones on either side are there before one goes to them.
    for (const one of [all[index], all[index + 1], all[index - 1]])
      if (one)
        fetched(one.url).then(
          (src) => setSources((had) => (had[one.id] ? had : { ...had, [one.id]: src })),
          () => one === all[index] && setFailed(true),
        );
  }, [all, index]);
  const slides = all.map((one) => ({ src: sources[one.id] ?? "", alt: one.name, width: one.width ?? undefined, height: one.height ?? undefined }));
  const now = all[index];
  return (
    <Lightbox
      open
      close={close}
      index={index}
      slides={slides}
      plugins={[Zoom]}
      on={{
        view: ({ index }) => {
          setFailed(false);
          setIndex(index);
        },
      }}
      carousel={{ finite: true, preload: 1 }}
      controller={{ closeOnBackdropClick: true, closeOnPullDown: true }}
      animation={matchMedia("(prefers-reduced-motion: reduce)").matches ? { fade: 0, swipe: 0, zoom: 0 } : undefined}
      zoom={{ maxZoomPixelRatio: 3, scrollToZoom: true }}
      toolbar={{
        buttons: [
          <button key="save" type="button" className="yarl__button" onClick={() => now && void access.file(now.url).then((content) => saveAs(content, now.name), () => setFailed(true))}>
            {t("attach.save")}
          </button>,
          "close",
        ],
      }}
      labels={{ Previous: t("attach.previous"), Next: t("attach.next"), Close: t("do.close"), "Zoom in": t("map.nearer"), "Zoom out": t("map.farther"), Lightbox: t("attach.photo"), Carousel: t("attach.photo"), Slide: t("attach.photo") }}
      render={{
        buttonPrev: index === 0 ? () => null : undefined,
        buttonNext: index >= all.length - 1 ? () => null : undefined,
        slideFooter: () => failed && <p role="alert">{t("attach.gone")}</p>,
      }}
    />
  );
}
