let context: AudioContext | undefined;

/** Two soft notes, a fifth apart. Without a file, so that they are there when the network is not. */
export function chime() {
  // A browser is silent until its person has touched the page; a sound kept for then would tell of old news.
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
  const start = context.currentTime;
  for (const [n, frequency] of [659.25, 987.77].entries()) {
    const note = context.createOscillator();
    const volume = context.createGain();
    const at = start + n * 0.09;
    note.type = "sine";
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
    note.connect(volume).connect(context.destination);
    note.start(at);
    note.stop(at + 0.36);
  }
}
