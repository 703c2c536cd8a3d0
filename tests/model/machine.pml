/*
 * machine.pml: what the protocols run on: processes and their tokens, compare-and-swap, a futex.
 * A step is one statement, or one atomic or d_step block: an access to shared memory or a system call, and what a process does with its
 * own variables meanwhile, or with what stands here for the proof alone.
 */
#ifndef N
#define N 2 /* processes; their ids are 1 to N, and 0 is nobody's */
#endif
#ifndef ROUNDS
#define ROUNDS 2 /* how often each process does what it does */
#endif
#ifndef CRASHES
#define CRASHES (N - 1) /* how many may be killed */
#endif
#ifndef SLICES
#define SLICES 1 /* 0: a sleep ends by a wake alone */
#endif

/* EVERY: a statement, or an option, for each; EACH, SOME: a condition; COUNT: of an array of flags. */
#if N == 2
#define EVERY(step) step(1) step(2)
#define EACH(is) (is(1) && is(2))
#define SOME(is) (is(1) || is(2))
#define COUNT(of) (of[1] + of[2])
#elif N == 3
#define EVERY(step) step(1) step(2) step(3)
#define EACH(is) (is(1) && is(2) && is(3))
#define SOME(is) (is(1) || is(2) || is(3))
#define COUNT(of) (of[1] + of[2] + of[3])
#elif N == 4
#define EVERY(step) step(1) step(2) step(3) step(4)
#define EACH(is) (is(1) && is(2) && is(3) && is(4))
#define SOME(is) (is(1) || is(2) || is(3) || is(4))
#define COUNT(of) (of[1] + of[2] + of[3] + of[4])
#else
#error "N is 2, 3 or 4"
#endif

mtype = { running, asleep, finished, killed };
mtype state[N + 1];
byte crashes;
bool idle;          /* every sleeper's slice has ended, and nobody has got anywhere since */
bool inside[N + 1]; /* who is in the critical section, or has a permit; the dead are not counted */

/* The token is the kernel's: it ends with the process, whether that finished or was killed. */
#define TOKEN(i) (state[i] == running || state[i] == asleep)

/*
 * TSO: stores are buffered, as on x86: one that a process made is seen by itself at once and by others later, at any moment,
 * and a read-modify-write first waits for it. A place for one store each is enough to show what can be lost; a second store
 * waits for the first. A model says what its cells are: reach(cell, value).
 */
#ifdef TSO
byte cell[N + 1], value[N + 1]; /* what process i has stored, and memory has not; cell 0: nothing */
#define DRAINED (cell[me] == 0)
#define DRAIN(i) :: d_step { cell[i] != 0 -> reach(cell[i], value[i]); cell[i] = 0; value[i] = 0 }
#define ALL_DRAINED(i) (cell[i] == 0)
inline store(where, what) {
  d_step { DRAINED -> cell[me] = where; value[me] = what }
}
#else
#define DRAINED true
#define ALL_DRAINED(i) true
#endif

inline compare_and_swap(word, old, new, done) {
  d_step {
    DRAINED ->
    done = (word == (old));
    if
    :: done -> word = new
    :: else
    fi
  }
}

/* Sleeps if the condition holds, both in one step, until a wake or the slice's end. */
inline futex_wait(condition) {
  d_step {
    if
    :: condition -> state[me] = asleep
    :: else
    fi
  }
end_asleep: /* no invalid end state by itself: whether it is one, `init` tells */
  if
  :: state[me] == running
  :: d_step { SLICES && state[me] == asleep -> state[me] = running }
  fi
}

/* The same, and tells whether it was woken. An interrupt can end it, too, in the end of a wait that may be given up. */
inline futex_wait_telling(condition, woken, interrupted) {
  d_step {
    woken = (condition);
    if
    :: woken -> state[me] = asleep
    :: else
    fi
  }
end_asleep_too:
  if
  :: state[me] == running
  :: d_step { SLICES && state[me] == asleep -> state[me] = running; woken = false }
  :: d_step { INTERRUPTS && state[me] == asleep -> state[me] = running; woken = false; interrupted = true }
  fi
}

/* Any one of them: no order is promised. */
#define WAKE(i) :: d_step { state[i] == asleep -> state[i] = running }
inline futex_wake_one() {
  if
  EVERY(WAKE)
  :: else
  fi
}

/* The same, and tells whether there was one. */
#define WAKE_AND_TELL(i) :: d_step { state[i] == asleep -> state[i] = running; woken = true }
inline futex_wake_one_telling(woken) {
  woken = false;
  if
  EVERY(WAKE_AND_TELL)
  :: else
  fi
}

#define WAKE_IF_ASLEEP(i) if :: state[i] == asleep -> state[i] = running :: else fi;
inline futex_wake_all() {
  d_step {
    EVERY(WAKE_IF_ASLEEP)
  }
}

/* `round` and forget() are the model's. */
inline finish() {
  atomic {
    state[me] = finished;
    idle = false;
    forget();
    round = 0
  }
}
