/* polyshm/lock.h */
%{
static polyshm_status polyshm_hold_lock(void *lock, int64_t timeout, int *outcome) {
  polyshm_lock_outcome ended = POLYSHM_LOCK_TIMED_OUT;
  polyshm_status status = polyshm_lock_lock(lock, timeout, &ended);
  *outcome = (int)ended;
  return status;
}
static polyshm_status polyshm_release_lock(void *lock) { return polyshm_lock_unlock(lock); }
#define NAME(name, number, text) [number] = text,
static const char *const polyshm_outcomes_lock[POLYSHM_OUTCOMES] = {POLYSHM_LOCK_OUTCOME_MAP(NAME)};
#undef NAME
%}
%polyshm_class(lock, Lock, "a Lock", POLYSHM_HOLDS, HOST_SMALL_WEIGHT)
%polyshm_named(lock, false) /* such a file is small */
%polyshm_truth(lock, closed)
%polyshm_question(lock, stale)
%polyshm_state(lock, owned)
%polyshm_state(lock, locked)
%polyshm_state(lock, dirty)
%polyshm_take(lock, lock)

polyshm_status polyshm_lock_create(const char *name, int64_t mode, polyshm_lock **out);
polyshm_status polyshm_lock_attach(const char *name, int64_t flags, int64_t timeout, polyshm_lock **out);
polyshm_status polyshm_lock_open(const char *name, int64_t mode, int64_t flags, polyshm_lock **out);

typedef struct polyshm_lock {
  %extend {
    ~polyshm_lock();
    polyshm_status close(void);
    polyshm_status unlink(void);
    polyshm_status stale(bool *out);
    bool closed(void);
    const char *name(void);
    polyshm_status lock(int64_t timeout, polyshm_lock_outcome *out);
    polyshm_status unlock(void);
    polyshm_status owned(bool *out);
    polyshm_status locked(bool *out);
    polyshm_status dirty(bool *out);
    polyshm_status repaired(void);
  }
} polyshm_lock;

/* The lock that goes with a segment. */
%polyshm_keeps(segment, lock)
%polyshm_may_work(polyshm_segment::lock, false)
%extend polyshm_segment {
  polyshm_status lock(polyshm_lock **out);
}
