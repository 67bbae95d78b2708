const ADDRESS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'。，；：！？）」』])/gu;

/** Text as it was written, with its web addresses made to follow. */
export function Linked({ text }: { text: string }) {
  return text.split(ADDRESS).map((part, i) =>
    i % 2 ? (
      <a key={i} href={part} target="_blank" rel="noopener noreferrer nofollow">
        {part}
      </a>
    ) : (
      part
    ),
  );
}
