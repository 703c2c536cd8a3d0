/* polyshm/segment.h */
%polyshm_class(segment, SharedMemory, "a SharedMemory", POLYSHM_CLOSES, polyshm_segment_size(object))
%polyshm_named(segment, arg2 > POLYSHM_LARGE)
%polyshm_own_option(segment, size, polyshm_page_size())
%polyshm_readonly(segment)
%polyshm_length(segment, size)
%polyshm_attribute(segment, address)
%polyshm_truth(segment, readonly)
%polyshm_truth(segment, closed)
%polyshm_question(segment, stale)
%polyshm_expected_to_fail(polyshm_segment_unlink_name)

%polyshm_may_wait(polyshm_segment::resize) /* for another process that grows it */
%polyshm_may_work(polyshm_segment::write, arg4 > POLYSHM_LARGE)
%polyshm_may_work(polyshm_segment::fill_rest, POLYSHM_IS_LONG(arg4, POLYSHM_LARGE))
%polyshm_may_work(polyshm_segment::copy_rest, POLYSHM_IS_LONG(arg4, POLYSHM_LARGE))
%polyshm_weighs_anew(polyshm_segment::resize)
%polyshm_weighs_anew(polyshm_segment::refresh)

%constant int64_t FLAG_READONLY = POLYSHM_FLAG_READONLY;
%constant int64_t FLAG_ANY_OWNER = POLYSHM_FLAG_ANY_OWNER;

int64_t polyshm_page_size(void);

polyshm_status polyshm_segment_create(const char *name, int64_t size, int64_t mode, polyshm_segment **out);
polyshm_status polyshm_segment_attach(const char *name, int64_t flags, int64_t timeout, polyshm_segment **out);
polyshm_status polyshm_segment_open(const char *name, int64_t size, int64_t mode, int64_t flags, polyshm_segment **out);
polyshm_status polyshm_segment_unlink_name(const char *name);
polyshm_status polyshm_each_segment(polyshm_segment_visit *visit, void *context);

%rename(read) polyshm_segment::borrow; /* each language copies once, into a string of its own */
%rename(fill) polyshm_segment::fill_rest;
%rename(copy) polyshm_segment::copy_rest;

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
    polyshm_status borrow(polyshm_optional offset = 0, polyshm_optional length = POLYSHM_REST, const void **data);
    polyshm_status write(int64_t offset, const void *data, int64_t length);
    polyshm_status fill_rest(polyshm_optional byte = 0, polyshm_optional offset = 0, polyshm_optional length = POLYSHM_REST) {
      return polyshm_segment_fill($self, byte, offset, glue_rest(length, offset, polyshm_segment_size($self)));
    }
    polyshm_status copy_rest(const polyshm_segment *source, polyshm_optional offset = 0,
                             polyshm_optional length = POLYSHM_REST, polyshm_optional source_offset = 0) {
      const int64_t rest = glue_rest(length, source_offset, polyshm_segment_size(source));
      return polyshm_segment_copy($self, source, offset, rest, source_offset);
    }
    polyshm_status get_value(polyshm_dtype dtype, int64_t offset, polyshm_value *out);
    polyshm_status set_value(polyshm_dtype dtype, int64_t offset, const polyshm_value *value);
    polyshm_status view(polyshm_dtype dtype, polyshm_optional offset = 0, polyshm_optional count = -1, polyshm_view **out);
  }
} polyshm_segment;
