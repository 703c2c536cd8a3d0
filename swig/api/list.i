/* polyshm/list.h */
%{
static int64_t polyshm_list_weight(const void *list) {
  polyshm_segment *segment = NULL;
  const int64_t size = polyshm_list_segment(list, &segment) == POLYSHM_OK ? polyshm_segment_size(segment) : 0;
  polyshm_segment_free(segment);
  return size;
}
%}
%polyshm_class(list, ShareableList, "a ShareableList", POLYSHM_CLOSES, polyshm_list_weight(object))
%polyshm_named(list, true)
%polyshm_contents(list)
%polyshm_own_option(list, reserve, POLYSHM_ABSENT)
%polyshm_readonly(list)
%polyshm_sequence(list)
%polyshm_length(list, length)
%polyshm_keeps(list, shm)
%polyshm_truth(list, closed)

polyshm_status polyshm_list_create(const char *name, const polyshm_value *values, int64_t values_count, const int64_t *reserve,
                                   int64_t reserve_count, int64_t mode, polyshm_list **out);
polyshm_status polyshm_list_attach(const char *name, int64_t flags, int64_t timeout, polyshm_list **out);
polyshm_status polyshm_list_open(const char *name, const polyshm_value *values, int64_t values_count, const int64_t *reserve,
                                 int64_t reserve_count, int64_t mode, int64_t flags, polyshm_list **out);

%rename(values) polyshm_list::walk; /* a range as the language's own list */
%rename(assign) polyshm_list::assign_at;
%rename(shm) polyshm_list::segment; /* CPython's name */

typedef struct polyshm_list {
  %extend {
    ~polyshm_list();
    polyshm_status close(void);
    polyshm_status unlink(void);
    bool closed(void);
    const char *name(void);
    polyshm_status segment(polyshm_segment **out);
    int64_t length(void);
    polyshm_status capacity(int64_t index, int64_t *out);
    polyshm_status format(int64_t index, polyshm_list_format_text *out);
    polyshm_status get(int64_t index, void *scratch, int64_t size, polyshm_value *out);
    polyshm_status set(int64_t index, const polyshm_value *value);
    polyshm_status walk(polyshm_optional index = 0, polyshm_optional count = POLYSHM_REST, void *scratch, int64_t size,
                        polyshm_list_visit *visit, void *context);
    polyshm_status assign_at(const polyshm_value *values, int64_t values_count, polyshm_optional index = 0) {
      return polyshm_list_assign($self, index, values, values_count);
    }
    polyshm_status count(const polyshm_value *value, void *scratch, int64_t size, int64_t *out);
    polyshm_status index(const polyshm_value *value, void *scratch, int64_t size, int64_t *out);
  }
} polyshm_list;
