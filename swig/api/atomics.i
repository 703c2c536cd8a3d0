/* polyshm/atomics.h: methods of a view. A language in which one of these names is a keyword gives it another. */
%polyshm_may_wait(polyshm_view::wait)

%extend polyshm_view {
  polyshm_status load(int64_t index, polyshm_value *out);
  polyshm_status store(int64_t index, const polyshm_value *value);
  polyshm_status add(int64_t index, const polyshm_value *value, polyshm_value *out);
  polyshm_status sub(int64_t index, const polyshm_value *value, polyshm_value *out);
  polyshm_status and(int64_t index, const polyshm_value *value, polyshm_value *out);
  polyshm_status or(int64_t index, const polyshm_value *value, polyshm_value *out);
  polyshm_status xor(int64_t index, const polyshm_value *value, polyshm_value *out);
  polyshm_status exchange(int64_t index, const polyshm_value *value, polyshm_value *out);
  polyshm_status compare_exchange(int64_t index, const polyshm_value *expected, const polyshm_value *replacement,
                                  polyshm_value *out);
  polyshm_status wait(int64_t index, const polyshm_value *expected, int64_t timeout, polyshm_wait_outcome *out);
  polyshm_status notify(int64_t index, polyshm_optional count = -1, int64_t *out);
}
