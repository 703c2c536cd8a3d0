/*
 * lock.pml: the lock of core/src/lock.c, by its names. README.md says what is shown, and what the mutants are.
 */
#include "machine.pml"

#define SLEEPERS 8 /* in the word, beside its owner's id */
#define RESERVED 16 /* the highest bit */
#define OWNER(v) ((v) & 7)
#define IS_RESERVED(v) ((v) == (SLEEPERS | RESERVED))

byte word;
bool dirty;
bool half; /* the data that the lock protects are half-updated */

#define HALF_CELL 1
inline reach(where, what) {
  half = what
}
#ifdef TSO
#define SET_HALF(what) store(HALF_CELL, what)
#define HALF (cell[me] == HALF_CELL -> value[me] : half)
#else
#define SET_HALF(what) half = what
#define HALF half
#endif

/* What is not needed any more makes no states. */
inline forget() {
  v = 0;
  got = false;
  dead = false;
  recovered = false;
  slept = false;
  done = false
}

/* The answer may grow old before the next step, but the dead stay dead. */
inline probe(owner, dead) {
#if defined(STEAL)
  dead = true
#elif defined(NO_PROBE)
  dead = false
#elif defined(FALSE_DEAD)
  if
  :: dead = true
  :: dead = !TOKEN(owner)
  fi
#else
  dead = !TOKEN(owner)
#endif
}

/* What lock() leaves after a sleep: others may sleep still, and only this one can wake the next. */
#ifdef TAKE_WITHOUT_BIT
#define TAKEN me
#else
#define TAKEN (me | SLEEPERS)
#endif

#ifdef TAKE_OVER_EXPECTS_BIT
#define EXPECTED (v | SLEEPERS)
#else
#define EXPECTED v
#endif

inline take_over(got) {
#ifdef TAKE_OVER_BY_STORE
  word = TAKEN;
  got = true;
#else
  compare_and_swap(word, EXPECTED, TAKEN, got);
#endif
#ifndef TAKE_OVER_CLEAN
  if
  :: got -> dirty = true
  :: else
  fi
#endif
}

#ifdef NO_BIT
#define ANNOUNCED(v) true
#else
#define ANNOUNCED(v) ((v) & SLEEPERS)
#endif

/* Who may take a reserved lock: one that has slept; here, one that was woken or waited for as long as it may, at any time
 * after its first sleep. A newcomer sleeps first, and only then counts as such. */
#ifdef ONLY_THE_WOKEN
#define MAY_TAKE(v) ((v) == 0)
#else
#define MAY_TAKE(v) ((v) == 0 || (IS_RESERVED(v) && slept))
#endif

/* Whether it has waited for long is anybody's guess. */
inline announce() {
  if
  :: compare_and_swap(word, v, v | SLEEPERS, done)
  :: slept -> compare_and_swap(word, v, v | SLEEPERS | RESERVED, done)
  fi
}

inline lock() {
  slept = false;
  compare_and_swap(word, 0, me, got);
  do
  :: got -> break
  :: else ->
    v = word;
    if
    :: MAY_TAKE(v) -> compare_and_swap(word, v, TAKEN, got)
    :: !MAY_TAKE(v) && IS_RESERVED(v) -> futex_wait(word == v); slept = true
    :: !MAY_TAKE(v) && !IS_RESERVED(v) ->
      probe(OWNER(v), dead);
      if
      :: dead -> take_over(got)
      :: !dead && (!ANNOUNCED(v) || (slept && !(v & RESERVED))) -> announce()
      :: !dead && ANNOUNCED(v) -> futex_wait(word == v); slept = true
      fi
    fi
  od
}

inline critical_section() {
  atomic {
    forget();
    recovered = dirty;
    assert(COUNT(inside) == 0);
    inside[me] = true;
    idle = false
  }
  assert(recovered || !HALF);
  if
  :: recovered -> SET_HALF(false); dirty = false /* repaired() */
  :: else
  fi;
  SET_HALF(true);
  atomic {
    SET_HALF(false);
    inside[me] = false
  }
}

inline unlock() {
#ifdef UNLOCK_BY_STORE
  v = word;
  word = 0;
  if
  :: v & SLEEPERS -> futex_wake_one()
  :: else
  fi
#else
  compare_and_swap(word, me, 0, done);
#ifndef UNLOCK_EXPECTS_NO_BIT
  do
  :: done -> break
  :: else ->
    v = word;
    compare_and_swap(word, v, ((v >> 4) * (SLEEPERS | RESERVED)), done);
    if
    :: done -> futex_wake_one(); break
    :: else
    fi
  od
#endif
#endif
}

proctype Process(byte me) {
  byte v, round;
  bool got, dead, recovered, slept, done;
  {
    for (round : 1 .. ROUNDS) {
      lock();
      critical_section();
      unlock()
    }
    finish()
  } unless {
    atomic {
      state[me] == killed -> forget(); round = 0
    }
  }
}

#define FREE (word == 0 || IS_RESERVED(word) || state[OWNER(word)] == killed)
#define OWED(i) (state[i] == asleep && FREE)
#define FINALLY FREE

#include "system.pml"
