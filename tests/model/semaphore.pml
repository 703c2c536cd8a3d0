/*
 * semaphore.pml: the semaphore of core/src/semaphore.c, and core/src/sync/eventcount.c in it, by their names. README.md says what is
 * shown, and what the mutants are.
 */
#define INTERRUPTS 0 /* who gives up does so after any sleep */
#include "machine.pml"

#ifndef PERMITS
#define PERMITS (N - 1)
#endif
#if PERMITS > 2
#error "PERMITS is 1 or 2"
#endif

#define SLEEPERS 1 /* in `changes` */
#define CHANGE 2

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
     if
     :: permits[permit] == 0 -> compare_and_swap(permits[permit], 0, me, got)
     :: else
     fi;
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

#define CHANGES_CELL 1
#define PERMIT_CELL 2 /* and from it on */
inline reach(where, what) {
  if
  :: where == CHANGES_CELL -> changes = what
  :: else -> permits[where - PERMIT_CELL] = what
  fi
}

/* A store in the model of store buffers; without them it is in memory at once. */
#ifdef TSO
#define PLAIN_STORE(where, what) store(where, what)
#else
#define PLAIN_STORE(where, what) reach(where, what)
#endif

inline announce() {
#ifdef ANNOUNCE_BY_STORE
  atomic {
    v = changes | SLEEPERS;
    PLAIN_STORE(CHANGES_CELL, v)
  }
#else
  d_step {
    DRAINED ->
#ifndef NO_BIT
    changes = changes | SLEEPERS;
#endif
    v = changes
  }
#endif
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

/* With GIVE_UP a wait may end at any time, without a permit. Who was woken for one leaves it to the next. */
inline give_up() {
  if
  :: !got ->
#ifndef KEEP_THE_WAKE
     if
     :: woken -> futex_wake_one()
     :: else
     fi;
#endif
     break
  :: true
  fi
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
    :: !got ->
#ifdef GIVE_UP
      futex_wait_telling(changes == v, woken, done);
      give_up()
#else
      futex_wait(changes == v)
#endif
    :: else
    fi
  od
}

/* One is woken, for one permit. The bit goes when nobody was asleep, and who fell asleep under it since is woken, too. */
inline wake_one() {
#ifndef NO_CHANGE
  d_step {
    DRAINED ->
    changes = changes + CHANGE
  }
#endif
#ifdef WAKE_NONE
  woken = true;
#else
  futex_wake_one_telling(woken);
#endif
#ifdef CLEAR_ALWAYS
  woken = false;
#endif
  if
  :: !woken ->
#ifndef CLEAR_NEVER
    d_step {
      DRAINED ->
      changes = changes & ~SLEEPERS
    }
#endif
#if !defined(NO_SECOND_WAKE) && !defined(CLEAR_ALWAYS)
    futex_wake_all()
#endif
  :: else
  fi
}

inline release() {
  atomic {
    inside[me] = false;
#ifdef RELEASE_BY_STORE
    PLAIN_STORE(PERMIT_CELL + permit, 0)
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
      if
      :: got ->
        atomic {
          assert(COUNT(inside) < PERMITS);
          inside[me] = true;
          idle = false
        }
        release()
#ifdef GIVE_UP
      :: !got
#endif
      fi;
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
