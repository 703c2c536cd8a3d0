/* polyshm/lock.h */
/* Such a file is small. */
%polyshm_may_work(polyshm_lock_create, false)
%polyshm_may_wait(polyshm_lock_attach)
%polyshm_may_work(polyshm_lock_open, false)
%polyshm_may_wait(polyshm_lock::lock)
%polyshm_may_work(polyshm_segment::lock, false)

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

%extend polyshm_segment {
  polyshm_status lock(polyshm_lock **out);
}
