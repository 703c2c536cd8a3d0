/*
 * host.h: a program with interpreters inside, in two halves. host.c has what is done with them, in every
 * language alike; a language brings host_<language>.c, which has the functions below, and host.<extension>, a
 * script with the functions that are called:
 *
 *   load_polyshm  loads it
 *   load_anew     loads it anew, as far as the language can forget a module
 *   work          makes objects, which stay, and uses them
 *   use           uses them again
 *   neighbours    loads the SWIG modules in the directory $POLYSHM_EMBED_NEIGHBOURS: see neighbour.i
 *   beside        uses the objects of both; what belongs to the one is refused by the other
 *   own           locks the lock $POLYSHM_EMBED_NAME, and keeps it
 *   wait          waits for that lock for ever
 *   own_and_wait  has it locked by one of the language's own threads, and waited for by another (where it has
 * threads, and no host_many)
 */
#ifndef POLYSHM_TESTS_EMBED_HOST_H
#define POLYSHM_TESTS_EMBED_HOST_H

#include <stdbool.h>

/* Whether a process may have more than one interpreter, each in a thread of its own. */
extern const bool host_many;

/* Called once, before all else. */
void host_begin(const char *program);

/* A new interpreter, which has run the script; NULL if that failed, which was told. */
void *host_open(const char *script);

/* Calls one of the script's functions; false if it failed, which was told. */
bool host_call(void *interpreter, const char *function);

/* In the thread that opened it. */
void host_close(void *interpreter);

/* Ends the process as the language does it, with status 0. */
_Noreturn void host_exit(void);

/* Calls `wait`, and ends the interpreter meanwhile; false if the call went on, or where a language cannot do
 * that: NULL. */
extern bool (*const host_end_waiting)(void *interpreter);

#endif
