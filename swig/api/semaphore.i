/* polyshm/semaphore.h */
%{
static polyshm_status polyshm_hold_semaphore(void *semaphore, int64_t timeout, int *outcome) {
  bool acquired = false;
  polyshm_status status = polyshm_semaphore_acquire(semaphore, timeout, &acquired);
  *outcome = acquired;
  return status;
}
static polyshm_status polyshm_release_semaphore(void *semaphore) { return polyshm_semaphore_release(semaphore); }
static const char *const polyshm_outcomes_semaphore[POLYSHM_OUTCOMES] = {NULL};
%}
%polyshm_class(semaphore, Semaphore, "a Semaphore", POLYSHM_HOLDS, HOST_SMALL_WEIGHT)
%polyshm_named(semaphore, false) /* such a file is small */
%polyshm_own_option(semaphore, count, 1)
%polyshm_truth(semaphore, closed)
%polyshm_question(semaphore, stale)
%polyshm_attribute(semaphore, count)
%polyshm_attribute(semaphore, value)
%polyshm_take(semaphore, acquire)

polyshm_status polyshm_semaphore_create(const char *name, int64_t count, int64_t mode, polyshm_semaphore **out);
polyshm_status polyshm_semaphore_attach(const char *name, int64_t flags, int64_t timeout, polyshm_semaphore **out);
polyshm_status polyshm_semaphore_open(const char *name, int64_t count, int64_t mode, int64_t flags,
                                      polyshm_semaphore **out);

typedef struct polyshm_semaphore {
  %extend {
    ~polyshm_semaphore();
    polyshm_status close(void);
    polyshm_status unlink(void);
    polyshm_status stale(bool *out);
    bool closed(void);
    const char *name(void);
    int64_t count(void);
    polyshm_status value(int64_t *out);
    polyshm_status acquire(int64_t timeout, bool *out);
    polyshm_status release(void);
  }
} polyshm_semaphore;
