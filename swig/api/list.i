/* polyshm/list.h */
%polyshm_may_work(polyshm_list_create, true)
%polyshm_may_wait(polyshm_list_attach)
%polyshm_may_work(polyshm_list_open, true)

polyshm_status polyshm_list_create(const char *name, const polyshm_value *values, int64_t count, const int64_t *reserve,
                                   int64_t reserve_count, int64_t mode, polyshm_list **out);
polyshm_status polyshm_list_attach(const char *name, int64_t flags, int64_t timeout, polyshm_list **out);
polyshm_status polyshm_list_open(const char *name, const polyshm_value *values, int64_t count, const int64_t *reserve,
                                 int64_t reserve_count, int64_t mode, int64_t flags, polyshm_list **out);

%rename(values) polyshm_list::walk; /* a range as the language's own list */
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
    polyshm_status walk(int64_t index, int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context);
    polyshm_status assign(int64_t index, const polyshm_value *values, int64_t count);
    polyshm_status count(const polyshm_value *value, void *scratch, int64_t size, int64_t *out);
    polyshm_status index(const polyshm_value *value, void *scratch, int64_t size, int64_t *out);
  }
} polyshm_list;
