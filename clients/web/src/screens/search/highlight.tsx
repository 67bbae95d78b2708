/** The words of a search, as the server takes them: apart where there is space. */
export const wordsOf = (query: string): string[] => query.trim().split(/\s+/u).filter(Boolean);

/** Whether a search can find anything: of the letters a to z the server wants two, of anything else one. */
export const enough = (query: string): boolean => wordsOf(query).length > 0 && wordsOf(query).every((word) => !/^[a-z]$/i.test(word));

/** Where the words stand in a text, without regard to case: start and end of each place, in order, none over another. */
export function placesOf(text: string, words: string[]): [number, number][] {
  const folded = text.toLowerCase();
  if (folded.length !== text.length) return []; // a letter that is longer in lower case: the places would be others
  const places: [number, number][] = [];
  for (const word of words.map((one) => one.toLowerCase())) for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) places.push([at, at + word.length]);
  places.sort(([a], [b]) => a - b);
  return places.reduce<[number, number][]>((kept, [start, end]) => {
    const last = kept.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else kept.push([start, end]);
    return kept;
  }, []);
}

/** A text in which what was searched for stands out. */
export function Highlighted({ text, query }: { text: string; query: string }) {
  const places = placesOf(text, wordsOf(query));
  return (
    <>
      {places.map(([start, end], n) => (
        <span key={start}>
          {text.slice(places[n - 1]?.[1] ?? 0, start)}
          <mark>{text.slice(start, end)}</mark>
        </span>
      ))}
      {text.slice(places.at(-1)?.[1] ?? 0)}
    </>
  );
}
