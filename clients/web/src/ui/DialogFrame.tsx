import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** A question or a form in front of the rest. Open while it is on the page. */
export default function DialogFrame({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("do.close") }} centered radius="lg" overlayProps={{ backgroundOpacity: 0.4, blur: 2 }}>
      {children}
    </Modal>
  );
}
