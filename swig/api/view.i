/* polyshm/view.h */
%polyshm_class(view, View, "a View", POLYSHM_CLOSES, 0) /* its memory is its segment's */
%polyshm_sequence(view)
%polyshm_length(view, count)
%polyshm_attribute(view, dtype)
%polyshm_attribute(view, offset)
%polyshm_truth(view, closed)
%polyshm_may_work(polyshm_view::assign_at, arg3 > POLYSHM_LARGE / 8)
%polyshm_may_work(polyshm_view::fill_rest, POLYSHM_IS_LONG(arg4, POLYSHM_LARGE / 8))

%rename(values) polyshm_view::walk; /* a range as the language's own list */
%rename(assign) polyshm_view::assign_at;
%rename(fill) polyshm_view::fill_rest;

typedef struct polyshm_view {
  %extend {
    ~polyshm_view();
    polyshm_status close(void);
    bool closed(void);
    polyshm_dtype dtype(void);
    int64_t count(void);
    int64_t offset(void);
    polyshm_status get(int64_t index, polyshm_value *out);
    polyshm_status set(int64_t index, const polyshm_value *value);
    polyshm_status walk(polyshm_optional index = 0, polyshm_optional count = POLYSHM_REST, polyshm_view_visit *visit,
                        void *context);
    polyshm_status assign_at(const void *elements, int64_t elements_count, polyshm_optional index = 0) {
      return polyshm_view_assign($self, index, elements, elements_count);
    }
    polyshm_status fill_rest(const polyshm_value *value, polyshm_optional index = 0, polyshm_optional count = POLYSHM_REST) {
      return polyshm_view_fill($self, value, index, glue_rest(count, index, polyshm_view_count($self)));
    }
  }
} polyshm_view;
