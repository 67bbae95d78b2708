import { Button, Group as Row, Slider, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import Cropper, { type Area } from "react-easy-crop";
import { useTranslation } from "react-i18next";
import { Dialog } from "../../ui/Dialog";
import css from "./settings.module.css";

/** As large as the server keeps it. */
const SIDE = 512;

/** The square of a photograph that is to be one's picture: moved and zoomed by hand, wheel, pinch or keys. */
export default function CropDialog({ file, close, take }: { file: File; close: () => void; take: (picture: Blob) => void }) {
  const { t } = useTranslation();
  const [src, setSrc] = useState<string>();
  const [crop, setCrop] = useState({ x: 0, y: 0 });
  const [zoom, setZoom] = useState(1);
  const [area, setArea] = useState<Area | null>(null);
  const [unreadable, setUnreadable] = useState(false);
  useEffect(() => {
    const address = URL.createObjectURL(file);
    setSrc(address);
    return () => URL.revokeObjectURL(address);
  }, [file]);
  return (
    <Dialog close={close} title={t("settings.crop")}>
      <Stack>
        <div className={css.crop}>
          {src && !unreadable && (
            <Cropper
              image={src}
              crop={crop}
              zoom={zoom}
              aspect={1}
              cropShape="round"
              showGrid={false}
              maxZoom={5}
              onCropChange={setCrop}
              onZoomChange={setZoom}
              onCropComplete={(_, pixels) => setArea(pixels)}
              cropperProps={{ "aria-label": t("settings.crop_area") }}
              mediaProps={{ onError: () => setUnreadable(true) }}
            />
          )}
          {unreadable && <Text role="alert">{t("settings.unreadable")}</Text>}
        </div>
        <Slider aria-label={t("settings.zoom")} label={null} min={1} max={5} step={0.05} value={zoom} onChange={setZoom} disabled={unreadable} thumbLabel={t("settings.zoom")} />
        <Row justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("do.cancel")}
          </Button>
          <Button disabled={!area || unreadable} onClick={() => void cut(src!, area!).then(take, () => setUnreadable(true))}>
            {t("settings.take")}
          </Button>
        </Row>
      </Stack>
    </Dialog>
  );
}

/** The area of the picture as a JPEG of its own. */
async function cut(src: string, area: Area): Promise<Blob> {
  const image = new Image();
  image.src = src;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(SIDE, Math.round(area.width));
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#ffffff"; // JPEG knows no transparency, and black is nobody's background
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, area.x, area.y, area.width, area.height, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("the picture is empty"))), "image/jpeg", 0.9));
}
