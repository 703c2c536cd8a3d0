/*
 * glue.i: the conversion of every argument and result, written once over what each language gives (README.md): host_object, a
 * value of the language; HOST, the context that its functions want; %host_try(status), which leaves the wrapper on a failure; and
 * %host_result(object), a result. Whatever a call may fail with is found before it, and what it was given is freed behind it.
 */
%{
typedef int64_t polyshm_optional; /* an integer that a script may leave out: the prototype says what it is then */

#define POLYSHM_REST INT64_MIN /* all that there is from the start on */
#define POLYSHM_IS_LONG(length, large) ((length) > (large) || (length) == POLYSHM_REST)

/* A bad start is the core's to refuse. */
static inline int64_t glue_rest(int64_t length, int64_t start, int64_t whole) {
  if (length != POLYSHM_REST)
    return length;
  return start >= 0 && start < whole ? whole - start : 0;
}

/* No script says POLYSHM_REST: its next neighbour is refused in the same way. */
static inline polyshm_status glue_optional(host_context context, host_object object, const char *what, int64_t *number) {
  if (host_left_out(context, object))
    return POLYSHM_OK;
  polyshm_status status = host_integer(context, object, what, number);
  *number += *number == POLYSHM_REST;
  return status;
}

/* ---- time ---- */

static inline polyshm_status glue_timeout(host_context context, host_object object, int64_t *nanoseconds) {
  *nanoseconds = -1;
  if (host_absent(context, object))
    return POLYSHM_OK;
  double seconds = 0;
  polyshm_status status = host_seconds(context, object, &seconds);
  if (status)
    return status;
  if (!(seconds >= 0))
    return polyshm_fail(POLYSHM_RANGE, "timeout: %.17g is no number of seconds from 0 on; without one it is for ever", seconds);
  const double whole = ceil(seconds * 1e9);
  *nanoseconds = whole < 0x1p63 ? (int64_t)whole : INT64_MAX;
  return POLYSHM_OK;
}

/* ---- a range of a view as a list, and back ---- */

typedef struct glue_taking {
  host_context context;
  host_list list;
  const int64_t *count;
  int64_t taken;
  polyshm_dtype dtype;
  bool begun;
} glue_taking;

/* The list is made with the first piece: not before the core has found the range good. */
static polyshm_status glue_begin(glue_taking *taking) {
  if (taking->begun)
    return POLYSHM_OK;
  polyshm_status status = host_list_begin(taking->context, &taking->list, *taking->count);
  taking->begun = !status;
  return status;
}

static polyshm_status glue_take(const void *elements, int64_t count, void *context) {
  glue_taking *taking = context;
  polyshm_status status = glue_begin(taking);
  if (status)
    return status;
  int64_t index = taking->taken;
  switch (taking->dtype) {
#define TAKE(NAME, name, type)                                                                                         \
  case POLYSHM_##NAME:                                                                                                 \
    for (const type *element = elements, *end = element + count; element < end; element++, index++)                    \
      host_list_put(taking->context, &taking->list, index,                                                             \
                    _Generic(*element, float: host_new_float, double: host_new_float, uint64_t: host_new_uint64,       \
                             default: host_new_int64)(taking->context, *element));                                     \
    break;
    POLYSHM_DTYPE_MAP(TAKE)
#undef TAKE
  }
  taking->taken = index;
  return host_list_status(taking->context, &taking->list);
}

static polyshm_status glue_take_item(const polyshm_value *value, void *context) {
  glue_taking *taking = context;
  polyshm_status status = glue_begin(taking);
  if (status)
    return status;
  host_object item;
  status = host_new_value(taking->context, value, &item);
  if (status)
    return status;
  host_list_put(taking->context, &taking->list, taking->taken++, item);
  return host_list_status(taking->context, &taking->list);
}

/* All elements are converted before any is written. */
static polyshm_status glue_pack(host_context context, host_object list, polyshm_dtype dtype, host_memory *memory,
                                void **elements, int64_t *count) {
  const int64_t itemsize = polyshm_dtype_itemsize(dtype);
  int64_t length = 0;
  polyshm_status status = host_list_length(context, list, "elements", &length);
  if (!status)
    status = host_allocate(context, memory, length * itemsize, elements);
  if (status)
    return status;
  *count = length;
  char *element = *elements;
  for (int64_t i = 0; i < length; i++, element += itemsize) {
    polyshm_value value;
    host_hold hold = HOST_NOTHING_HELD;
    host_object item = host_list_item(context, list, i);
    status = host_number(context, item, dtype, &value, &hold);
    if (!status && value.type == POLYSHM_TYPE_FLOAT64 && dtype == POLYSHM_FLOAT64) /* no conversion, which is a third of the time */
      *(double *)(void *)element = value.as.float64;
    else if (!status)
      status = polyshm_dtype_pack(dtype, &value, element);
    host_drop(context, item, &hold);
    if (status)
      return polyshm_fail(status, HOST_ELEMENT ": %s", (long long)i + HOST_FIRST, polyshm_last_error());
  }
  return POLYSHM_OK;
}

/* ---- the items of a list ---- */

static inline bool glue_is_text(const polyshm_value *value) {
  return value->type == POLYSHM_TYPE_STR || value->type == POLYSHM_TYPE_BYTES;
}

/* Converts each item; with values, into those, and its text to `text`, of which there are so many bytes. */
static polyshm_status glue_items_pass(host_context context, host_object list, int64_t count, polyshm_value *values, char *text,
                                      int64_t *bytes) {
  polyshm_status status = POLYSHM_OK;
  int64_t used = 0;
  for (int64_t i = 0; !status && i < count; i++) {
    polyshm_value value;
    host_hold hold = HOST_NOTHING_HELD;
    host_object item = host_list_item(context, list, i);
    status = host_item(context, item, &value, &hold);
    const int64_t length = !status && glue_is_text(&value) ? value.as.bytes.length : 0;
    if (!status && values && length > *bytes - used)
      status = polyshm_fail(POLYSHM_ARGUMENT, "it was changed while it was read");
    if (!status && values) {
      if (glue_is_text(&value))
        value.as.bytes.data = memcpy(text + used, value.as.bytes.data, (size_t)length);
      values[i] = value;
    }
    used += length;
    host_drop(context, item, &hold);
    if (status)
      return polyshm_fail(status, HOST_ITEM ": %s", (long long)i + HOST_FIRST, polyshm_last_error());
  }
  *bytes = used;
  return status;
}

/* The values have their text with them: whatever runs meanwhile, finalisers or other threads, cannot take it away. */
static polyshm_status glue_items(host_context context, host_object list, host_memory *memory, polyshm_value **values,
                                 int64_t *count) {
  int64_t bytes = 0;
  void *made = NULL;
  polyshm_status status = host_list_length(context, list, "values", count);
  if (!status)
    status = glue_items_pass(context, list, *count, NULL, NULL, &bytes);
  if (!status)
    status = host_allocate(context, memory, *count * (int64_t)sizeof(polyshm_value) + bytes, &made);
  if (!status)
    status = glue_items_pass(context, list, *count, made, (char *)made + *count * (int64_t)sizeof(polyshm_value), &bytes);
  *values = made;
  return status;
}

/* Nothing, an integer, or a list of them. */
static polyshm_status glue_reserve(host_context context, host_object object, host_memory *memory, int64_t **reserve,
                                   int64_t *count) {
  void *made = NULL;
  *count = 0;
  *reserve = NULL;
  if (host_absent(context, object))
    return POLYSHM_OK;
  const bool many = host_is_list(context, object);
  polyshm_status status = many ? host_list_length(context, object, "reserve", count) : POLYSHM_OK;
  if (!many)
    *count = 1;
  if (!status)
    status = host_allocate(context, memory, *count * (int64_t)sizeof(int64_t), &made);
  *reserve = made;
  for (int64_t i = 0; !status && i < *count; i++) {
    host_hold hold = HOST_NOTHING_HELD;
    host_object item = many ? host_list_item(context, object, i) : object;
    status = host_integer(context, item, "reserve", (int64_t *)made + i);
    if (many)
      host_drop(context, item, &hold);
  }
  return status;
}

/* Room for the text of an item: `brief`, which most lists are content with, or what is allocated where that is too small. */
enum { GLUE_BRIEF = 256 };

static inline polyshm_status glue_scratch(host_context context, host_memory *memory, char brief[GLUE_BRIEF], int64_t needed,
                                          void **data, int64_t *size) {
  *data = brief;
  *size = GLUE_BRIEF;
  if (needed <= *size)
    return POLYSHM_OK;
  *size = needed;
  return host_allocate(context, memory, needed, data);
}

/* For one item no more than its slot has, whatever other slots there are; a bad index is the next call's to refuse. */
static inline polyshm_status glue_scratch_at(host_context context, host_memory *memory, char brief[GLUE_BRIEF],
                                             const polyshm_list *list, int64_t index, void **data, int64_t *size) {
  int64_t needed = polyshm_list_scratch(list);
  if (needed > GLUE_BRIEF && polyshm_list_capacity(list, index, &needed))
    needed = 0;
  return glue_scratch(context, memory, brief, needed, data, size);
}

/* Items of a list have types of their own; all else takes numbers, of the view's dtype or of the one that was given. */
#define GLUE_DTYPE(first, second)                                                                                      \
  _Generic((first), polyshm_view *: polyshm_view_dtype((const polyshm_view *)(const void *)(first)),                   \
           default: (polyshm_dtype)(intptr_t)(second))
#define GLUE_VALUE(first, second, object, value, hold)                                                                 \
  (_Generic((first), polyshm_list *: true, default: false)                                                             \
       ? host_item(HOST, object, value, hold)                                                                          \
       : host_number(HOST, object, GLUE_DTYPE(first, second), value, hold))
%}

/* ---- integers, truth, names ---- */

%typemap(in, noblock=1) int64_t { %host_try(host_integer(HOST, $input, "$1_name", &$1)); }
%typemap(in, noblock=1) polyshm_optional { %host_try(glue_optional(HOST, $input, "$1_name", &$1)); }
%typemap(out, noblock=1) int64_t { %host_result(host_new_int64(HOST, $1)); }
%typemap(out, noblock=1) bool { %host_result(host_new_bool(HOST, $1)); }
%typemap(out, noblock=1) const char * { %host_result(host_new_text(HOST, $1)); }
%typemap(out, noblock=1) polyshm_dtype { %host_result(host_new_dtype(HOST, $1)); }
%typemap(in, noblock=1) polyshm_dtype { %host_try(host_dtype(HOST, $input, &$1)); }

%typemap(default, noblock=1) int64_t timeout { $1 = -1; }
%typemap(in, noblock=1) int64_t timeout { %host_try(glue_timeout(HOST, $input, &$1)); }

%typemap(in, noblock=1) const char *name (host_text text = HOST_NO_TEXT), const char *path (host_text text = HOST_NO_TEXT) {
  %host_try(host_to_text(HOST, $input, "$1_name", &text, &$1));
}
%typemap(freearg, noblock=1) const char *name, const char *path { host_free_text(&text$argnum); }

%define %glue_out(type, initial, made)
%typemap(in, numinputs=0, noblock=1) type *out (type outcome = initial) { $1 = &outcome; }
%typemap(argout, noblock=1) type *out { %host_result(made); }
%enddef
%glue_out(int64_t, 0, host_new_int64(HOST, *$1))
%glue_out(uint64_t, 0, host_new_uint64(HOST, *$1))
%glue_out(bool, false, host_new_bool(HOST, *$1))
%glue_out(polyshm_lock_outcome, POLYSHM_LOCK_TIMED_OUT, host_new_lock_outcome(HOST, *$1))
%glue_out(polyshm_wait_outcome, POLYSHM_WAIT_TIMED_OUT, host_new_wait_outcome(HOST, *$1))
%glue_out(polyshm_list_format_text, {0}, host_new_text(HOST, $1->text))

/* ---- bytes ---- */

%typemap(in, noblock=1) (const void *data, int64_t length) (host_text bytes = HOST_NO_TEXT) {
  %host_try(host_to_bytes(HOST, $input, "$1_name", &bytes, &$1, &$2));
}
%typemap(freearg, noblock=1) (const void *data, int64_t length) { host_free_text(&bytes$argnum); }

/* What stands behind an argument that may be left out is set before the arguments are looked at: arginit. */
%typemap(arginit, noblock=1) (polyshm_optional length, const void **data) (void *borrowed = NULL) { $2 = &borrowed; }
%typemap(in, noblock=1) (polyshm_optional length, const void **data) {
  %host_try(glue_optional(HOST, $input, "$1_name", &$1));
}
%typemap(check, noblock=1) (polyshm_optional length, const void **data) {
  $1 = glue_rest($1, arg2, polyshm_segment_size(arg1));
}
%typemap(argout, noblock=1) (polyshm_optional length, const void **data) (host_object made) {
  %host_try(host_new_shared(HOST, arg1, arg2, $1, *$2, &made));
  %host_result(made);
}

/* ---- values ---- */

%typemap(in, noblock=1) const polyshm_value *value (polyshm_value value, host_hold hold = HOST_NOTHING_HELD) {
  %host_try(GLUE_VALUE(arg1, arg2, $input, &value, &hold));
  $1 = &value;
}
%typemap(freearg, noblock=1) const polyshm_value *value { host_let_go(&hold$argnum); }
%apply const polyshm_value *value { const polyshm_value *expected, const polyshm_value *replacement }
%typemap(in, numinputs=0, noblock=1) polyshm_value *out (polyshm_value outcome) { $1 = &outcome; }
%typemap(argout, noblock=1) polyshm_value *out (host_object made) {
  %host_try(host_new_value(HOST, $1, &made));
  %host_result(made);
}

%typemap(in, noblock=1) (const void *elements, int64_t elements_count) (host_memory memory = HOST_NO_MEMORY) {
  %host_try(glue_pack(HOST, $input, polyshm_view_dtype(arg1), &memory, &$1, &$2));
}
%typemap(freearg, noblock=1) (const void *elements, int64_t elements_count) { host_free(&memory$argnum); }

%typemap(arginit, noblock=1) (polyshm_optional count, polyshm_view_visit *visit, void *context) (glue_taking taking = {HOST}) {
  taking.count = &$1;
  $2 = glue_take;
  $3 = &taking;
}
%typemap(in, noblock=1) (polyshm_optional count, polyshm_view_visit *visit, void *context) {
  %host_try(glue_optional(HOST, $input, "$1_name", &$1));
}
%typemap(check, noblock=1) (polyshm_optional count, polyshm_view_visit *visit, void *context) {
  $1 = glue_rest($1, arg2, polyshm_view_count(arg1));
  taking$argnum.dtype = polyshm_view_dtype(arg1);
}
%typemap(argout, noblock=1) (polyshm_optional count, polyshm_view_visit *visit, void *context) {
  %host_try(glue_begin(&taking$argnum));
  %host_result(host_list_end(HOST, &taking$argnum.list, taking$argnum.taken));
}
%typemap(freearg, noblock=1) (polyshm_optional count, polyshm_view_visit *visit, void *context) {
  host_list_free(HOST, &taking$argnum.list, taking$argnum.taken);
}

/* ---- items of lists: scratch goes with the argument before it, because SWIG frees only what scripts give ---- */

%typemap(in, noblock=1) (const polyshm_value *values, int64_t values_count) (host_memory memory = HOST_NO_MEMORY) {
  %host_try(glue_items(HOST, $input, &memory, &$1, &$2));
}
%typemap(freearg, noblock=1) (const polyshm_value *values, int64_t values_count) { host_free(&memory$argnum); }

%typemap(in, noblock=1) (const int64_t *reserve, int64_t reserve_count) (host_memory memory = HOST_NO_MEMORY) {
  %host_try(glue_reserve(HOST, $input, &memory, &$1, &$2));
}
%typemap(freearg, noblock=1) (const int64_t *reserve, int64_t reserve_count) { host_free(&memory$argnum); }

%typemap(in, noblock=1) (int64_t index, void *scratch, int64_t size)
                        (host_memory memory = HOST_NO_MEMORY, char brief[GLUE_BRIEF]) {
  %host_try(host_integer(HOST, $input, "$1_name", &$1));
  %host_try(glue_scratch_at(HOST, &memory, brief, arg1, $1, &$2, &$3));
}
%typemap(freearg, noblock=1) (int64_t index, void *scratch, int64_t size) { host_free(&memory$argnum); }

/* The scratch comes first: it may collect garbage, which moves what a value points into. */
%typemap(in, noblock=1) (const polyshm_value *value, void *scratch, int64_t size)
                        (polyshm_value value, host_hold hold = HOST_NOTHING_HELD, host_memory memory = HOST_NO_MEMORY, char brief[GLUE_BRIEF]) {
  %host_try(glue_scratch(HOST, &memory, brief, polyshm_list_scratch(arg1), &$2, &$3));
  %host_try(host_item(HOST, $input, &value, &hold));
  $1 = &value;
}
%typemap(freearg, noblock=1) (const polyshm_value *value, void *scratch, int64_t size) {
  host_let_go(&hold$argnum);
  host_free(&memory$argnum);
}

%typemap(arginit, noblock=1) (polyshm_optional count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context)
                             (glue_taking taking = {HOST}, host_memory memory = HOST_NO_MEMORY, char brief[GLUE_BRIEF]) {
  taking.count = &$1;
  $4 = glue_take_item;
  $5 = &taking;
}
%typemap(in, noblock=1) (polyshm_optional count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  %host_try(glue_optional(HOST, $input, "$1_name", &$1));
}
%typemap(check, noblock=1) (polyshm_optional count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  $1 = glue_rest($1, arg2, polyshm_list_length(arg1));
  %host_try(glue_scratch(HOST, &memory$argnum, brief$argnum, polyshm_list_scratch(arg1), &$2, &$3));
}
%typemap(argout, noblock=1) (polyshm_optional count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  %host_try(glue_begin(&taking$argnum));
  %host_result(host_list_end(HOST, &taking$argnum.list, taking$argnum.taken));
}
%typemap(freearg, noblock=1) (polyshm_optional count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  host_list_free(HOST, &taking$argnum.list, taking$argnum.taken);
  host_free(&memory$argnum);
}

/* ---- the list of all segments ---- */

%typemap(in, numinputs=0, noblock=1) (polyshm_segment_visit *visit, void *context) (host_visiting visiting) {
  $1 = host_visit;
  $2 = &visiting;
}
%typemap(check, noblock=1) (polyshm_segment_visit *visit, void *context) { %host_try(host_begin_visit(HOST, &visiting$argnum)); }
%typemap(argout, noblock=1) (polyshm_segment_visit *visit, void *context) {
  %host_result(host_end_visit(HOST, &visiting$argnum));
}
