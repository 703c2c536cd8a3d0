/*
 * flagword.h: a flag to wait for, as an algorithm on one word, which may stand inside any object. Two bits
 * say whether the flag is set and whether somebody may sleep on the word; above them is a generation that
 * each set() of a clear flag raises. Who waits compares generations, and so is not lost when the flag is
 * cleared before it wakes.
 *
 * Nobody owns the flag, so nobody's death matters to it. set() is a release and clear() an acquire in every
 * case, and all are in one order.
 *
 * tests/model/event.pml goes through every order of events, with deaths at each step.
 */
#ifndef POLYSHM_SYNC_FLAGWORD_H
#define POLYSHM_SYNC_FLAGWORD_H

#include "../platform/platform.h"
#include "peers.h"

void polyshm__flagword_set(_Atomic uint32_t *word);
void polyshm__flagword_clear(_Atomic uint32_t *word);
bool polyshm__flagword_is_set(const _Atomic uint32_t *word);

/** Waits for a set() for up to @p timeout nanoseconds (0: does not wait; negative: for ever). ETIMEDOUT,
 * EINTR, CLOSED: it was not seen set. */
polyshm_status polyshm__flagword_wait(_Atomic uint32_t *word, int64_t timeout, const polyshm__peers *peers);

#endif
