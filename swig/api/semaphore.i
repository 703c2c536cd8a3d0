/* polyshm/semaphore.h */
/* Such a file is small. */
%polyshm_may_work(polyshm_semaphore_create, false)
%polyshm_may_wait(polyshm_semaphore_attach)
%polyshm_may_work(polyshm_semaphore_open, false)
%polyshm_may_wait(polyshm_semaphore::acquire)

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
