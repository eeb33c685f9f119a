// The time of a wall clock that somebody may set back: it must not know what is measured with it.
// Invariants: it never goes back; it is never behind the wall clock; while the wall clock is behind what it was, it goes
// on with the monotonic one. So nothing that is measured takes longer because a clock was set (rule R32): the wall clock
// goes on while a machine is suspended, the monotonic one while the wall clock is being corrected.

/**
 * @param {() => number} wall milliseconds since the Unix epoch
 * @param {() => number} monotonic milliseconds since some moment
 * @returns {() => number} milliseconds since the Unix epoch
 */
export function forwardClock(wall, monotonic) {
  let latest = Number.NEGATIVE_INFINITY;
  /** Where both stood when the wall clock was set back. @type {{ time: number, at: number } | null} */
  let setBack = null;
  return () => {
    const time = wall();
    if (time >= latest) {
      setBack = null;
      // Not written where it is that: a number is a piece of memory each time, and every check asks.
      if (time > latest) latest = time;
      return time;
    }
    setBack ??= { time: latest, at: monotonic() };
    latest = Math.max(latest, Math.floor(setBack.time + monotonic() - setBack.at));
    return latest;
  };
}
