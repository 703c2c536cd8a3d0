/* polyshm/segment.h */
%constant int64_t FLAG_READONLY = POLYSHM_FLAG_READONLY;
%constant int64_t FLAG_ANY_OWNER = POLYSHM_FLAG_ANY_OWNER;

int64_t polyshm_page_size(void);

/*
 * %polyshm_may_wait(call): for others, for any time. %polyshm_may_work(call, condition): long, where the condition is true;
 * arguments count from the receiver, arg1. Each language lets go there what it holds (wait.i), and tests/core/may_take_long
 * finds what is forgotten here.
 */
%polyshm_may_work(polyshm_segment_create, arg2 > POLYSHM_LARGE)
%polyshm_may_wait(polyshm_segment_attach)
%polyshm_may_work(polyshm_segment_open, arg2 > POLYSHM_LARGE)
%polyshm_may_wait(polyshm_segment::resize) /* for another process that grows it */
%polyshm_may_work(polyshm_segment::write, arg4 > POLYSHM_LARGE)
%polyshm_may_work(polyshm_segment::fill, arg4 > POLYSHM_LARGE)
%polyshm_may_work(polyshm_segment::copy, arg4 > POLYSHM_LARGE)

polyshm_status polyshm_segment_create(const char *name, int64_t size, int64_t mode, polyshm_segment **out);
polyshm_status polyshm_segment_attach(const char *name, int64_t flags, int64_t timeout, polyshm_segment **out);
polyshm_status polyshm_segment_open(const char *name, int64_t size, int64_t mode, int64_t flags, polyshm_segment **out);
polyshm_status polyshm_segment_unlink_name(const char *name);
polyshm_status polyshm_each_segment(polyshm_segment_visit *visit, void *context);

%rename(read) polyshm_segment::borrow; /* each language copies once, into a string of its own */

typedef struct polyshm_segment {
  %extend {
    ~polyshm_segment();
    polyshm_status close(void);
    polyshm_status unlink(void);
    polyshm_status resize(int64_t size);
    polyshm_status refresh(void);
    polyshm_status stale(bool *out);
    const char *name(void);
    int64_t size(void);
    polyshm_status address(uint64_t *out);
    bool readonly(void);
    bool closed(void);
    polyshm_status borrow(int64_t offset, int64_t length, const void **data);
    polyshm_status write(int64_t offset, const void *data, int64_t length);
    polyshm_status fill(int64_t byte, int64_t offset, int64_t length);
    polyshm_status copy(const polyshm_segment *source, int64_t offset, int64_t length, int64_t source_offset);
    polyshm_status get_value(polyshm_dtype dtype, int64_t offset, polyshm_value *out);
    polyshm_status set_value(polyshm_dtype dtype, int64_t offset, const polyshm_value *value);
    polyshm_status view(polyshm_dtype dtype, int64_t offset, int64_t count, polyshm_view **out);
  }
} polyshm_segment;
