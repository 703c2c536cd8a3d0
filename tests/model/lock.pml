/*
 * lock.pml: the lock of core/src/sync/lockword.c, by its names. README.md says what is shown, and what the mutants are.
 */
#define SLEEPERS 8 /* in the word, beside its owner's id */
#define RESERVED 16 /* the highest bit */
#define OWNER(v) ((v) & 7)
#define DEAD 7 /* the owner's id when its thread has ended */
#define IS_RESERVED(v) ((v) == (SLEEPERS | RESERVED))

#ifndef THREADS_END
#define THREADS_END 1 /* 0: no thread ends while it owns the lock */
#endif
#ifndef GIVES_UP
#define GIVES_UP 1 /* 0: nobody gives up a wait */
#endif

#define INTERRUPTS (GIVES_UP && !SLICES) /* with slices, one whose slice has ended may give up */
#include "machine.pml"

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
  woken = false;
  reserves = false;
  interrupted = false;
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
  :: dead = (owner == DEAD || !TOKEN(owner))
  fi
#else
  dead = (owner == DEAD || !TOKEN(owner))
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
  :: slept ->
     compare_and_swap(word, v, v | SLEEPERS | RESERVED, done);
     d_step {
       reserves = (reserves || (done && !(v & RESERVED)));
       done = false
     }
  fi
}

inline sleep() {
  futex_wait_telling(word == v, woken, interrupted);
  slept = true
}

#ifdef KEEP_RESERVATION
#define RESERVES false
#else
#define RESERVES reserves
#endif
#ifdef GIVE_UP_SILENTLY
#define WOKEN false
#else
#define WOKEN woken
#endif

#define WITHOUT_RESERVATION(v) (IS_RESERVED(v) -> 0 : v & ~RESERVED)

inline take_reservation_back() {
  do
  :: v = word;
     if
     :: !(v & RESERVED) -> break
     :: else -> compare_and_swap(word, v, WITHOUT_RESERVATION(v), done)
     fi;
     if
     :: done && IS_RESERVED(v) -> futex_wake_one(); break
     :: done && !IS_RESERVED(v) -> break
     :: else
     fi
  od
}

inline give_up() {
  if
  :: RESERVES -> take_reservation_back()
  :: else
  fi;
  if
  :: WOKEN -> futex_wake_one()
  :: else
  fi;
  atomic {
    forget();
    idle = false
  }
}

inline lock() {
  compare_and_swap(word, 0, me, got);
  do
  :: got -> break
  :: !got && GIVES_UP && slept -> give_up(); break
  :: !got && !interrupted ->
    d_step {
      v = word;
      dead = false;
      done = false
    }
    if
    :: MAY_TAKE(v) -> compare_and_swap(word, v, TAKEN, got)
    :: !MAY_TAKE(v) && IS_RESERVED(v) -> sleep()
    :: !MAY_TAKE(v) && !IS_RESERVED(v) ->
      probe(OWNER(v), dead);
      if
      :: dead -> take_over(got)
      :: !dead && (!ANNOUNCED(v) || (slept && !(v & RESERVED))) -> announce()
      :: !dead && ANNOUNCED(v) -> sleep()
      fi
    fi
  od
}

/* What unlock() leaves where somebody may sleep. */
#define LEFT(v) (v & RESERVED -> SLEEPERS | RESERVED : 0)

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
    compare_and_swap(word, v, LEFT(v), done);
    if
    :: done -> futex_wake_one(); break
    :: else
    fi
  od
#endif
#endif
}

/* The thread ends, and its number; the process goes on as another thread. */
inline abandon() {
  done = false;
  do
  :: done -> break
  :: else ->
    v = word;
    if
    :: OWNER(v) != me -> break /* in the mutants alone */
    :: else -> compare_and_swap(word, v, (v & (SLEEPERS | RESERVED)) | DEAD, done)
    fi
  od;
#ifndef ABANDON_SILENTLY
  futex_wake_one()
#endif
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
  if
  :: atomic {
       SET_HALF(false);
       inside[me] = false
     };
     unlock()
  :: atomic {
       THREADS_END ->
       inside[me] = false
     };
     abandon()
  fi
}

proctype Process(byte me) {
  byte v, round;
  bool got, dead, recovered, slept, woken, reserves, interrupted, done;
  {
    for (round : 1 .. ROUNDS) {
      lock();
      if
      :: got -> critical_section()
      :: else
      fi
    }
    finish()
  } unless {
    atomic {
      state[me] == killed -> forget(); round = 0
    }
  }
}

#define FREE (word == 0 || IS_RESERVED(word) || OWNER(word) == DEAD || state[OWNER(word)] == killed)
#define OWED(i) (state[i] == asleep && FREE)
#define FINALLY FREE

#include "system.pml"
