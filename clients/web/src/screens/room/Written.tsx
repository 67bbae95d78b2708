import { partsOf } from "./mentions";
import { Linked } from "../../ui/Linked";
import css from "./Written.module.css";

/** A message's text: who is called in it stands out, web addresses can be followed. */
export function Written({ text, mentions, me, name }: { text: string; mentions?: string[]; me: string; name: (id: string) => string }) {
  if (!mentions?.length) return <Linked text={text} />;
  return partsOf(text, mentions, name).map((part, i) =>
    part.id ? (
      <strong key={i} className={css.call} data-me={part.id === me || part.id === "everyone" || undefined}>
        {part.text}
      </strong>
    ) : (
      <Linked key={i} text={part.text} />
    ),
  );
}
