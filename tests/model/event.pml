/*
 * event.pml: the event of core/src/event.c, by its names. README.md says what is shown, and what the mutants are.
 */
#include "machine.pml"

#define SLEEPERS 1
#define SET 2
#define GENERATION(v) ((v) >> 2)

byte word;

/* With TSO, what an event is for: process 1 writes data and then sets it, the others clear it and then look at the data. */
#define DATA_CELL 1
byte data;
inline reach(where, what) {
  data = what
}

mtype = { elsewhere, waiting, called }; /* not in wait(); in it; in it, and since its begin the event became set */
mtype place[N + 1];

/* What is not needed any more makes no states. */
inline forget() {
  v = 0;
  first = 0;
  set_at_begin = false;
  announced = false;
  done = false
}

#ifdef NO_BIT
#define ANNOUNCED(v) (v)
#else
#define ANNOUNCED(v) ((v) | SLEEPERS)
#endif

inline announce() {
  atomic {
    if
    :: v == ANNOUNCED(v) -> announced = true
    :: else -> compare_and_swap(word, v, ANNOUNCED(v), announced)
    fi
  }
}

#ifdef SLEEP_EXPECTS_NO_BIT
#define EXPECTED (v & ~SLEEPERS)
#else
#define EXPECTED ANNOUNCED(v)
#endif

#ifdef FLAG_ONLY
#define WAS_SET(v) ((v) & SET)
#else
#define WAS_SET(v) (((v) & SET) || GENERATION(v) != first)
#endif

inline wait() {
  d_step {
    v = word;
    first = GENERATION(v);
    set_at_begin = (v & SET) != 0;
    place[me] = waiting
  }
  do
  :: WAS_SET(v) -> break
  :: else ->
    announce();
    if
#ifdef NO_SECOND_LOOK
    :: announced -> futex_wait(word == EXPECTED); break
#else
    :: announced -> futex_wait(word == EXPECTED)
#endif
    :: else
    fi;
    v = word
  od;
  atomic {
    assert(set_at_begin || place[me] == called);
    place[me] = elsewhere;
    idle = false
  }
}

#ifdef FLAG_ONLY
#define BECOMING_SET(v) SET
#else
#define BECOMING_SET(v) (((GENERATION(v) + 1) << 2) | SET)
#endif

#define CALL_IF_WAITING(i) if :: place[i] == waiting -> place[i] = called :: else fi;

/* The event becomes set and, for the proof alone, all who wait now are called, in one step. */
inline set_word(done) {
  atomic {
#ifdef SET_BY_STORE
    word = BECOMING_SET(v);
    done = true;
#else
    compare_and_swap(word, v, BECOMING_SET(v), done);
#endif
    if
    :: done ->
      EVERY(CALL_IF_WAITING)
    :: else
    fi
  }
}

inline wake() {
#ifdef WAKE_ONE
  futex_wake_one()
#else
  futex_wake_all()
#endif
}

#ifdef PLAIN_SET
#define FOUND_SET break
#else
#define FOUND_SET compare_and_swap(word, v, v, done); if :: done -> break :: else fi
#endif

inline set() {
  do
  :: v = word;
     done = false;
     if
     :: v & SET -> FOUND_SET
     :: else -> set_word(done)
     fi;
     if
     :: done && (v & SLEEPERS) -> wake(); break
     :: done && !(v & SLEEPERS) -> break
     :: else
     fi
  od
}

inline clear() {
#ifdef CLEAR_BY_STORE
  v = word;
  word = v & ~SET
#else
  d_step {
    DRAINED ->
    word = word & ~SET
  }
#endif
}

/* Until it has seen the last of the data: clears the event, looks, and waits if there is nothing new. */
inline consume() {
  do
  :: clear();
     if
     :: data == ROUNDS -> break
     :: else -> wait()
     fi
  od
}

#ifdef TSO
inline produce() {
  store(DATA_CELL, round);
  set()
}
#endif

proctype Process(byte me) {
  byte v, first, round;
  bool set_at_begin, announced, done;
  {
#ifdef TSO
    if
    :: me == 1 -> for (round : 1 .. ROUNDS) { produce() }
    :: else -> consume()
    fi;
#else
    for (round : 1 .. ROUNDS) {
      if
      :: wait()
      :: set()
      :: clear()
      fi
    }
#endif
    finish()
  } unless {
    atomic {
      state[me] == killed -> forget(); round = 0
    }
  }
}

#ifdef TSO
#define OWED(i) (state[i] == asleep && (place[i] == called || data == ROUNDS))
#else
#define OWED(i) (state[i] == asleep && place[i] == called)
#endif
#define FINALLY true

#include "system.pml"
