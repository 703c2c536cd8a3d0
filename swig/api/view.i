/* polyshm/view.h */
%rename(values) polyshm_view::walk; /* a range as the language's own list */

%polyshm_may_work(polyshm_view::assign, arg4 > POLYSHM_LARGE / 8)
%polyshm_may_work(polyshm_view::fill, arg4 > POLYSHM_LARGE / 8)

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
    polyshm_status walk(int64_t index, int64_t count, polyshm_view_visit *visit, void *context);
    polyshm_status assign(int64_t index, const void *elements, int64_t count);
    polyshm_status fill(const polyshm_value *value, int64_t index, int64_t count);
  }
} polyshm_view;
