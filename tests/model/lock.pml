/*
 * lock.pml: the lock of core/src/lock.c, by its names. README.md says what is shown, and what the mutants are.
 */
#include "machine.pml"

#define SLEEPERS 8 /* in the word, beside its owner's id */
#define OWNER(v) ((v) & 7)

byte word;
bool dirty;
bool half; /* the data that the lock protects are half-updated */

/* What is not needed any more makes no states. */
inline forget() {
  v = 0;
  got = false;
  dead = false;
  recovered = false;
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

inline lock() {
  compare_and_swap(word, 0, me, got);
  do
  :: got -> break
  :: else ->
    v = word;
    if
    :: v == 0 -> compare_and_swap(word, 0, TAKEN, got)
    :: else ->
      probe(OWNER(v), dead);
      if
      :: dead -> take_over(got)
      :: !dead && !ANNOUNCED(v) -> compare_and_swap(word, v, v | SLEEPERS, done)
      :: !dead && ANNOUNCED(v) -> futex_wait(word == v)
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
  assert(recovered || !half);
  if
  :: recovered -> half = false; dirty = false /* repaired() */
  :: else
  fi;
  half = true;
  d_step {
    half = false;
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
  if
  :: !done -> compare_and_swap(word, me | SLEEPERS, 0, done); futex_wake_one()
  :: else
  fi
#endif
#endif
}

proctype Process(byte me) {
  byte v, round;
  bool got, dead, recovered, done;
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

#define FREE (word == 0 || state[OWNER(word)] == killed)
#define OWED(i) (state[i] == asleep && FREE)
#define FINALLY FREE

#include "system.pml"
