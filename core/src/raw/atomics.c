#include <polyshm/atomics.h>

#include "view.h"

#include <inttypes.h>

const char *polyshm_wait_outcome_name(polyshm_wait_outcome outcome) {
  switch (outcome) {
#define NAME(name, number, text)                                                                             \
  case POLYSHM_##name:                                                                                       \
    return text;
    POLYSHM_WAIT_OUTCOME_MAP(NAME)
#undef NAME
  default:
    return "unknown";
  }
}

/* ---- where an operation works ---- */

static bool is_atomic(polyshm_dtype dtype) {
  return dtype == POLYSHM_INT32 || dtype == POLYSHM_UINT32 || dtype == POLYSHM_INT64 ||
         dtype == POLYSHM_UINT64;
}

/* The element, or why it cannot be had. */
static polyshm_status element_of(const polyshm_view *view, const char *verb, int64_t index, bool to_write,
                                 uint8_t **element) {
  *element = polyshm__view_elements(view, index, 1);
  if (!*element)
    return polyshm__view_refuse(view, verb, index, 1);
  if (!is_atomic(view->dtype))
    return polyshm_fail(POLYSHM_TYPE,
                        "%s \"%s\": atomics need a view of int32, uint32, int64 or uint64, not %s", verb,
                        view->segment->name, polyshm_dtype_name(view->dtype));
  return to_write && view->segment->readonly ? polyshm__view_read_only(view, verb) : POLYSHM_OK;
}

static polyshm_status no_value(const char *verb) {
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: no value, or no place for the result, was given", verb);
}

/* ---- the operations, on elements as they lie in memory: signed ones are two's complement ---- */

typedef enum operation { STORE, ADD, SUB, AND, OR, XOR, EXCHANGE } operation;

#define OPERATE(bits)                                                                                        \
  static uint64_t operate_##bits(uint8_t *element, operation what, uint64_t value) {                         \
    uint##bits##_t *at = (void *)element, operand = (uint##bits##_t)value;                                   \
    switch (what) {                                                                                          \
    case ADD:                                                                                                \
      return __atomic_fetch_add(at, operand, __ATOMIC_SEQ_CST);                                              \
    case SUB:                                                                                                \
      return __atomic_fetch_sub(at, operand, __ATOMIC_SEQ_CST);                                              \
    case AND:                                                                                                \
      return __atomic_fetch_and(at, operand, __ATOMIC_SEQ_CST);                                              \
    case OR:                                                                                                 \
      return __atomic_fetch_or(at, operand, __ATOMIC_SEQ_CST);                                               \
    case XOR:                                                                                                \
      return __atomic_fetch_xor(at, operand, __ATOMIC_SEQ_CST);                                              \
    default:                                                                                                 \
      return __atomic_exchange_n(at, operand, __ATOMIC_SEQ_CST);                                             \
    }                                                                                                        \
  }
OPERATE(32)
OPERATE(64)
#undef OPERATE

/* The four bytes that a 32-bit element has of the eight are where polyshm_dtype_unpack() looks for them. */
static void unpack(polyshm_dtype dtype, uint64_t element, polyshm_value *out) {
  uint32_t small = (uint32_t)element;
  const void *bytes = polyshm_dtype_itemsize(dtype) == 4 ? (const void *)&small : (const void *)&element;
  polyshm_dtype_unpack(dtype, bytes, out);
}

static polyshm_status pack(polyshm_dtype dtype, const polyshm_value *value, uint64_t *element) {
  uint32_t small = 0;
  if (polyshm_dtype_itemsize(dtype) == 8)
    return polyshm_dtype_pack(dtype, value, element);
  polyshm_status status = polyshm_dtype_pack(dtype, value, &small);
  *element = small;
  return status;
}

static polyshm_status operate(polyshm_view *view, const char *verb, operation what, int64_t index,
                              const polyshm_value *value, polyshm_value *out) {
  uint8_t *element = NULL;
  uint64_t operand = 0;
  polyshm_status status = element_of(view, verb, index, true, &element);
  if (!status)
    status = value && (out || what == STORE) ? pack(view->dtype, value, &operand) : no_value(verb);
  if (status)
    return status;
  uint64_t before =
      view->itemsize == 4 ? operate_32(element, what, operand) : operate_64(element, what, operand);
  if (out)
    unpack(view->dtype, before, out);
  return polyshm__segment_done(view->segment, verb);
}

polyshm_status polyshm_view_store(polyshm_view *view, int64_t index, const polyshm_value *value) {
  return operate(view, "store", STORE, index, value, NULL);
}

polyshm_status polyshm_view_add(polyshm_view *view, int64_t index, const polyshm_value *value,
                                polyshm_value *out) {
  return operate(view, "add", ADD, index, value, out);
}

polyshm_status polyshm_view_sub(polyshm_view *view, int64_t index, const polyshm_value *value,
                                polyshm_value *out) {
  return operate(view, "sub", SUB, index, value, out);
}

polyshm_status polyshm_view_and(polyshm_view *view, int64_t index, const polyshm_value *value,
                                polyshm_value *out) {
  return operate(view, "and", AND, index, value, out);
}

polyshm_status polyshm_view_or(polyshm_view *view, int64_t index, const polyshm_value *value,
                               polyshm_value *out) {
  return operate(view, "or", OR, index, value, out);
}

polyshm_status polyshm_view_xor(polyshm_view *view, int64_t index, const polyshm_value *value,
                                polyshm_value *out) {
  return operate(view, "xor", XOR, index, value, out);
}

polyshm_status polyshm_view_exchange(polyshm_view *view, int64_t index, const polyshm_value *value,
                                     polyshm_value *out) {
  return operate(view, "exchange", EXCHANGE, index, value, out);
}

polyshm_status polyshm_view_load(const polyshm_view *view, int64_t index, polyshm_value *out) {
  uint8_t *element = NULL;
  polyshm_status status = element_of(view, "load", index, false, &element);
  if (status)
    return status;
  if (!out)
    return no_value("load");
  uint64_t found = view->itemsize == 4 ? __atomic_load_n((uint32_t *)(void *)element, __ATOMIC_SEQ_CST)
                                       : __atomic_load_n((uint64_t *)(void *)element, __ATOMIC_SEQ_CST);
  unpack(view->dtype, found, out);
  return polyshm__segment_done(view->segment, "load");
}

polyshm_status polyshm_view_compare_exchange(polyshm_view *view, int64_t index, const polyshm_value *expected,
                                             const polyshm_value *replacement, polyshm_value *out) {
  static const char verb[] = "compare_exchange";
  uint8_t *element = NULL;
  uint64_t wanted = 0, value = 0;
  polyshm_status status = element_of(view, verb, index, true, &element);
  if (!status && (!expected || !replacement || !out))
    status = no_value(verb);
  if (!status)
    status = pack(view->dtype, expected, &wanted);
  if (!status)
    status = pack(view->dtype, replacement, &value);
  if (status)
    return status;
  if (view->itemsize == 4) {
    uint32_t found = (uint32_t)wanted;
    (void)__atomic_compare_exchange_n((uint32_t *)(void *)element, &found, (uint32_t)value, false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    wanted = found;
  } else {
    (void)__atomic_compare_exchange_n((uint64_t *)(void *)element, &wanted, value, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST);
  }
  unpack(view->dtype, wanted, out);
  return polyshm__segment_done(view->segment, verb);
}

/* ---- waiting for an element ---- */

static polyshm_status word_of(const polyshm_view *view, const char *verb, int64_t index,
                              _Atomic uint32_t **word) {
  uint8_t *element = NULL;
  polyshm_status status = element_of(view, verb, index, false, &element);
  if (!status && view->dtype != POLYSHM_INT32)
    status = polyshm_fail(POLYSHM_TYPE, "%s \"%s\": it works on a view of int32, not %s", verb,
                          view->segment->name, polyshm_dtype_name(view->dtype));
  *word = (_Atomic uint32_t *)(void *)element;
  return status;
}

polyshm_status polyshm_view_wait(const polyshm_view *view, int64_t index, const polyshm_value *expected,
                                 int64_t timeout, polyshm_wait_outcome *out) {
  _Atomic uint32_t *word = NULL;
  uint64_t packed = 0;
  polyshm_status status = word_of(view, "wait", index, &word);
  if (status)
    return status;
  if (!expected || !out)
    return no_value("wait");
  status = pack(view->dtype, expected, &packed);
  if (status)
    return status;
  const uint32_t wanted = (uint32_t)packed;
  *out = POLYSHM_WAIT_NOT_EQUAL;
  polyshm__wait wait = polyshm__wait_begin(timeout);
  bool woken = false;
  while (!status && !woken && !polyshm_view_closed(view) && atomic_load(word) == wanted) {
    *out = POLYSHM_WAIT_OK; /* unless its time runs out */
    status = polyshm__wait_word(&wait, word, wanted, &woken);
  }
  if (status == POLYSHM_ETIMEDOUT) {
    *out = POLYSHM_WAIT_TIMED_OUT;
    status = POLYSHM_OK;
  }
  if (status)
    return polyshm_fail(status, "wait \"%s\": %s", view->segment->name, polyshm__words(status));
  return polyshm_view_closed(view) ? polyshm__view_refuse(view, "wait", index, 1)
                                   : polyshm__segment_done(view->segment, "wait");
}

polyshm_status polyshm_view_notify(const polyshm_view *view, int64_t index, int64_t count, int64_t *out) {
  _Atomic uint32_t *word = NULL;
  polyshm_status status = word_of(view, "notify", index, &word);
  if (status)
    return status;
  if (!out)
    return no_value("notify");
  if (count < -1)
    return polyshm_fail(POLYSHM_RANGE, "notify \"%s\": %" PRId64 " waits cannot be woken; -1 means all",
                        view->segment->name, count);
  *out = count == 0 ? 0 : polyshm__wake(word, count < 0 ? INT64_MAX : count);
  return polyshm__segment_done(view->segment, "notify");
}
