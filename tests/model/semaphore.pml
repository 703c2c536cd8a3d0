/*
 * semaphore.pml: the semaphore of core/src/semaphore.c, by its names. README.md says what is shown, and what the mutants are.
 */
#include "machine.pml"

#ifndef PERMITS
#define PERMITS (N - 1)
#endif
#if PERMITS > 2
#error "PERMITS is 1 or 2"
#endif

#define SLEEPERS 1 /* in `changes` */
#ifdef NO_CHANGE
#define CHANGE 0
#else
#define CHANGE 2
#endif

byte permits[PERMITS]; /* of each its holder's id, or 0 */
byte changes;

/* What is not needed any more makes no states. */
inline forget() {
  v = 0;
  permit = 0;
  got = false;
  dead = false;
  woken = false;
  done = false
}

/* The answer may grow old before the next step, but the dead stay dead. */
inline probe(holder, dead) {
#if defined(STEAL)
  dead = true
#elif defined(NO_PROBE)
  dead = false
#else
  dead = !TOKEN(holder)
#endif
}

inline take_over(got) {
#ifdef TAKE_OVER_BY_STORE
  permits[permit] = me;
  got = true
#else
  compare_and_swap(permits[permit], v, me, got)
#endif
}

/* A look at the permits ends at the one that is taken, or at the last. */
#define NEXT_UNLESS_GOT atomic { if :: got || permit == PERMITS - 1 -> break :: else -> permit++ fi }

inline take_free() {
  permit = 0;
  do
  ::
#ifdef TAKE_BY_STORE
     got = (permits[permit] == 0);
     if
     :: got -> permits[permit] = me
     :: else
     fi;
#else
     compare_and_swap(permits[permit], 0, me, got);
#endif
     NEXT_UNLESS_GOT
  od
}

inline take_from_dead() {
  atomic {
    forget()
  }
  do
  :: v = permits[permit];
     atomic {
       if
       :: v != 0 -> probe(v, dead)
       :: else -> dead = false
       fi
     }
     if
     :: dead -> take_over(got)
     :: else
     fi;
     NEXT_UNLESS_GOT
  od
}

inline announce() {
  d_step {
    DRAINED ->
#ifndef NO_BIT
    changes = changes | SLEEPERS;
#endif
    v = changes
  }
}

inline announce_and_take_free() {
#ifdef ANNOUNCE_LATE
  take_free();
  announce()
#else
  announce();
  take_free()
#endif
}

/* Who was woken by a release does not ask for the dead, which this does: a look more does no harm. */
inline acquire() {
  take_free();
  do
  :: got -> break
  :: else ->
    take_from_dead();
    if
    :: !got -> announce_and_take_free()
    :: else
    fi;
    if
    :: !got -> futex_wait(changes == v)
    :: else
    fi
  od
}

/* One is woken, for one permit. The bit goes when nobody was asleep. */
inline wake_one() {
  d_step {
    DRAINED ->
    changes = changes + CHANGE;
    v = changes
  }
#ifdef WAKE_NONE
  woken = true;
#else
  futex_wake_one_telling(woken);
#endif
  if
#ifdef CLEAR_ALWAYS
  :: true -> compare_and_swap(changes, v, v & ~SLEEPERS, done)
#else
#ifdef CLEAR_BY_STORE
  :: !woken -> changes = v & ~SLEEPERS
#else
  :: !woken -> compare_and_swap(changes, v, v & ~SLEEPERS, done)
#endif
  :: woken
#endif
  fi
}

#define PERMIT_CELL 1 /* and from it on */
inline reach(where, what) {
  permits[where - PERMIT_CELL] = what
}

inline release() {
  atomic {
    inside[me] = false;
#ifdef RELEASE_BY_STORE
#ifdef TSO
    store(PERMIT_CELL + permit, 0)
#else
    permits[permit] = 0
#endif
#else
    compare_and_swap(permits[permit], me, 0, done)
#endif
  }
  v = changes;
  if
  :: v & SLEEPERS -> wake_one()
  :: else
  fi
}

proctype Process(byte me) {
  byte v, permit, round;
  bool got, dead, woken, done;
  {
    for (round : 1 .. ROUNDS) {
      acquire();
      atomic {
        assert(COUNT(inside) < PERMITS);
        inside[me] = true;
        idle = false
      }
      release();
      d_step {
        forget()
      }
    }
    finish()
  } unless {
    atomic {
      state[me] == killed -> forget(); round = 0
    }
  }
}

#define FREE(permit) (permits[permit] == 0 || state[permits[permit]] == killed)
#if PERMITS == 1
#define SOME_FREE FREE(0)
#define FINALLY FREE(0)
#else
#define SOME_FREE (FREE(0) || FREE(1))
#define FINALLY (FREE(0) && FREE(1))
#endif
#define OWED(i) (state[i] == asleep && SOME_FREE)

#include "system.pml"
