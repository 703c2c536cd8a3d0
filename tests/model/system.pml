/*
 * system.pml: what happens to the processes: they start, some are killed, between any two steps, and time passes.
 *
 * A model includes it at its end, after it has defined `proctype Process(byte me)` and
 *   OWED(i)    process i sleeps, and should not, if all others rest
 *   FINALLY    what holds when every process has finished or died
 */
#define RESTS(i) (state[i] != running || inside[i]) /* who is inside may stay there for long */
#define OVER(i) (state[i] == finished || state[i] == killed)

/* Its stores are in memory before the kernel drops its token. */
#if defined(TSO) && !defined(TOKEN_BEFORE_STORES)
#define DRAIN_NOW(i) if :: cell[i] != 0 -> reach(cell[i], value[i]); cell[i] = 0; value[i] = 0 :: else fi;
#else
#define DRAIN_NOW(i)
#endif
#define KILL(i) :: d_step { TOKEN(i) && crashes < CRASHES -> DRAIN_NOW(i) state[i] = killed; inside[i] = false; crashes++; idle = false }

init {
  bool stuck;
  byte i;
  atomic {
    for (i : 1 .. N) {
      state[i] = running;
      run Process(i)
    }
    i = 0
  }
end:
  do
  EVERY(KILL)
#ifdef TSO
  EVERY(DRAIN)
#endif
  :: d_step {
       EACH(RESTS) && SOME(OWED) && EACH(ALL_DRAINED) -> /* nobody will wake them: all their slices end, and that must help one of them */
       stuck = !SLICES || idle;
       assert(!stuck);
       idle = true;
       EVERY(WAKE_IF_ASLEEP)
     }
  :: d_step { EACH(OVER) && EACH(ALL_DRAINED) -> assert(FINALLY) }; break
  od
}
