/* polyshm/event.h */
%polyshm_class(event, Event, "an Event", POLYSHM_CLOSES, HOST_SMALL_WEIGHT)
%polyshm_named(event, false) /* such a file is small */
%polyshm_truth(event, closed)
%polyshm_question(event, stale)
%polyshm_state(event, is_set)
%polyshm_may_wait(polyshm_event::wait)

polyshm_status polyshm_event_create(const char *name, int64_t mode, polyshm_event **out);
polyshm_status polyshm_event_attach(const char *name, int64_t flags, int64_t timeout, polyshm_event **out);
polyshm_status polyshm_event_open(const char *name, int64_t mode, int64_t flags, polyshm_event **out);

typedef struct polyshm_event {
  %extend {
    ~polyshm_event();
    polyshm_status close(void);
    polyshm_status unlink(void);
    polyshm_status stale(bool *out);
    bool closed(void);
    const char *name(void);
    polyshm_status set(void);
    polyshm_status clear(void);
    polyshm_status is_set(bool *out);
    polyshm_status wait(int64_t timeout, bool *out);
  }
} polyshm_event;
