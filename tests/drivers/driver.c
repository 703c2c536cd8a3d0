/*
 * driver.c: serves the C API to the tests; README.md has the protocol.
 *
 * C has no keywords and no defaults: an argument is looked up by its place or its key, and where it is absent
 * the driver gives what every facade gives. What C's types rule out is answered with `broken`.
 */
#include <polyshm.h>

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BYTES = 64, MAX_VARIABLES = 64, MAX_ARGUMENTS = 8, MAX_REPEATED = 64, ARENA_BYTES = 64 << 20 };

/* ---- what tokens stand for ---- */

enum kind { NOTHING, SCALAR, LIST, VARIABLE, SEGMENT, VIEW, SHAREABLE_LIST, LOCK, SEMAPHORE, EVENT };

struct object {
  enum kind kind;
  union {
    polyshm_value value; /* SCALAR */
    struct {
      struct object *items;
      int64_t count;
    }; /* LIST */
    struct variable *variable;
    polyshm_segment *segment;
    polyshm_view *view;
    polyshm_list *list;
    polyshm_lock *lock;
    polyshm_semaphore *semaphore;
    polyshm_event *event;
  };
};

struct variable {
  char name[WORD_BYTES];
  struct object object;
  bool set;
  char text[WORD_BYTES]; /* a string's bytes */
};

struct argument {
  struct object object;
  const char *key; /* of those behind the ones that stand in their places */
  bool used;
};

struct call {
  struct object self;
  struct argument *arguments;
  int placed, count; /* those in their places, and all */
  struct object result;
};

static struct variable variables[MAX_VARIABLES];
static int variable_count;

/* Why a statement cannot be run; "" while it can. */
static char problem[1024];

__attribute__((format(printf, 1, 2))) static void stop(const char *format, ...) {
  if (*problem)
    return;
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(problem, sizeof problem, format, arguments);
  va_end(arguments);
}

/* What a statement's strings and lists live in: given back as a whole before the next one. */
static _Alignas(16) char arena[ARENA_BYTES];
static size_t arena_used;

static void *keep(size_t bytes) {
  size_t rounded = (bytes + 15) / 16 * 16;
  if (rounded > sizeof arena - arena_used) {
    (void)fprintf(stderr, "a statement's strings and lists are longer than %d bytes\n", ARENA_BYTES);
    exit(2);
  }
  void *start = arena + arena_used;
  arena_used += rounded;
  return start;
}

static struct object integer_object(int64_t number) {
  return (struct object){.kind = SCALAR, .value = {.type = POLYSHM_TYPE_INT64, .as.int64 = number}};
}

static struct object float_object(double number) {
  return (struct object){.kind = SCALAR, .value = {.type = POLYSHM_TYPE_FLOAT64, .as.float64 = number}};
}

static struct object boolean_object(bool truth) {
  return (struct object){.kind = SCALAR, .value = {.type = POLYSHM_TYPE_BOOL, .as.boolean = truth}};
}

/* Text or bytes. Ends in a NUL for those who need it. */
static struct object string_of(int32_t kind, const void *data, int64_t length) {
  char *copy = keep((size_t)length + 1);
  if (length)
    memcpy(copy, data, (size_t)length);
  copy[length] = '\0';
  return (struct object){.kind = SCALAR, .value = {.type = kind, .as.bytes = {copy, length}}};
}

/* Outside of lists C's strings have no type of their own: all are text here. */
static struct object string_object(const void *data, int64_t length) {
  return string_of(POLYSHM_TYPE_STR, data, length);
}

static bool is_scalar(const struct object *object, int32_t kind) {
  return object->kind == SCALAR && object->value.type == kind;
}

static bool is_string(const struct object *object) {
  return is_scalar(object, POLYSHM_TYPE_STR) || is_scalar(object, POLYSHM_TYPE_BYTES);
}

/* Whether both have the same token. */
static bool equal(const struct object *a, const struct object *b) {
  if (a->kind != b->kind)
    return a->kind >= SEGMENT && b->kind >= SEGMENT;
  if (a->kind == LIST) {
    if (a->count != b->count)
      return false;
    for (int64_t i = 0; i < a->count; i++)
      if (!equal(&a->items[i], &b->items[i]))
        return false;
    return true;
  }
  if (a->kind != SCALAR)
    return true;
  if (a->value.type != b->value.type)
    return false;
  switch (a->value.type) {
  case POLYSHM_TYPE_BOOL:
    return a->value.as.boolean == b->value.as.boolean;
  case POLYSHM_TYPE_FLOAT64:
    return a->value.as.float64 == b->value.as.float64 ||
           (isnan(a->value.as.float64) && isnan(b->value.as.float64));
  case POLYSHM_TYPE_STR:
  case POLYSHM_TYPE_BYTES:
    return a->value.as.bytes.length == b->value.as.bytes.length &&
           memcmp(a->value.as.bytes.data, b->value.as.bytes.data, (size_t)a->value.as.bytes.length) == 0;
  default:
    return a->value.as.uint64 == b->value.as.uint64;
  }
}

/* ---- writing tokens ---- */

static void put_string(FILE *out, const char *data, int64_t length) {
  (void)fputc('"', out);
  for (int64_t i = 0; i < length; i++)
    if (data[i] < ' ' || data[i] > '~' || data[i] == '"' || data[i] == '\\')
      (void)fprintf(out, "\\x%02x", (uint8_t)data[i]);
    else
      (void)fputc(data[i], out);
  (void)fputc('"', out);
}

/* %.17g, and a point where an integer would be read. */
static void put_float(FILE *out, double number) {
  char text[64];
  (void)snprintf(text, sizeof text, "%.17g", number);
  if (isnan(number))
    (void)snprintf(text, sizeof text, "nan");
  (void)fprintf(out, "%s%s", text, strspn(text, "-0123456789") == strlen(text) ? ".0" : "");
}

static void put_scalar(FILE *out, const polyshm_value *value) {
  switch (value->type) {
  case POLYSHM_TYPE_BOOL:
    (void)fputs(value->as.boolean ? "true" : "false", out);
    break;
  case POLYSHM_TYPE_FLOAT64:
    put_float(out, value->as.float64);
    break;
  case POLYSHM_TYPE_UINT64:
    (void)fprintf(out, "%" PRIu64, value->as.uint64);
    break;
  case POLYSHM_TYPE_INT64:
    (void)fprintf(out, "%" PRId64, value->as.int64);
    break;
  case POLYSHM_TYPE_NONE:
    (void)fputs("nil", out);
    break;
  default:
    if (value->type == POLYSHM_TYPE_BYTES)
      (void)fputc('b', out);
    put_string(out, value->as.bytes.data, value->as.bytes.length);
  }
}

static void put_object(FILE *out, const struct object *object) {
  if (object->kind >= SEGMENT) {
    (void)fputs("object", out);
  } else if (object->kind == SCALAR) {
    put_scalar(out, &object->value);
  } else if (object->kind == LIST) {
    for (int64_t i = 0; i < object->count; i++) {
      (void)fputc(i ? ' ' : '[', out);
      put_object(out, &object->items[i]);
    }
    (void)fputs(object->count ? "]" : "[]", out);
  } else {
    (void)fputs("nil", out);
  }
}

/* For messages: what an argument is. */
static const char *words(const struct object *object) {
  static const char *const kinds[] = {[NOTHING] = "nil",
                                      [SCALAR] = "such a value",
                                      [LIST] = "list",
                                      [VARIABLE] = "variable",
                                      [SEGMENT] = "segment",
                                      [VIEW] = "view",
                                      [SHAREABLE_LIST] = "shareable list",
                                      [LOCK] = "lock",
                                      [SEMAPHORE] = "semaphore",
                                      [EVENT] = "event"};
  return kinds[object->kind];
}

/* Gives a handle back, and closes it first as every driver does. */
static void release(struct object *object) {
  switch (object->kind) {
#define RELEASE(KIND, type)                                                                                  \
  case KIND:                                                                                                 \
    (void)polyshm_##type##_close(object->type);                                                              \
    polyshm_##type##_free(object->type);                                                                     \
    break;
    RELEASE(SEGMENT, segment)
    RELEASE(VIEW, view)
    RELEASE(SHAREABLE_LIST, list)
    RELEASE(LOCK, lock)
    RELEASE(SEMAPHORE, semaphore)
    RELEASE(EVENT, event)
#undef RELEASE
  default:
    break;
  }
  *object = (struct object){.kind = NOTHING};
}

/* ---- a call's arguments ---- */

enum { ONLY_BY_KEY = -1 };

/* The argument in that place or of that key; NULL if it was not given. */
static struct object *find(struct call *call, int place, const char *key) {
  struct argument *found = NULL;
  if (place >= 0 && place < call->placed)
    found = &call->arguments[place];
  for (int i = call->placed; !found && i < call->count; i++)
    if (strcmp(call->arguments[i].key, key) == 0)
      found = &call->arguments[i];
  if (!found)
    return NULL;
  found->used = true;
  return found->object.kind == VARIABLE ? &found->object.variable->object : &found->object;
}

static int64_t integer(struct call *call, int place, const char *key, int64_t absent) {
  struct object *object = find(call, place, key);
  if (!object)
    return absent;
  if (!is_scalar(object, POLYSHM_TYPE_INT64))
    stop("C takes no %s for %s", words(object), key);
  return object->value.as.int64;
}

static bool truth(struct call *call, const char *key, bool absent) {
  struct object *object = find(call, ONLY_BY_KEY, key);
  if (!object)
    return absent;
  if (!is_scalar(object, POLYSHM_TYPE_BOOL))
    stop("C takes no %s for %s", words(object), key);
  return object->value.as.boolean;
}

/* A string, or NULL for nil and nothing. */
static const char *text(struct call *call, int place, const char *key) {
  struct object *object = find(call, place, key);
  if (!object || object->kind == NOTHING)
    return NULL;
  if (!is_scalar(object, POLYSHM_TYPE_STR)) {
    stop("C takes no %s for %s", words(object), key);
    return NULL;
  }
  return object->value.as.bytes.data;
}

static struct object *needed(struct call *call, int place, const char *key, enum kind kind) {
  static struct object nothing;
  struct object *object = find(call, place, key);
  if (object && object->kind == kind)
    return object;
  stop("C takes no %s for %s", object ? words(object) : "absence", key);
  return &nothing;
}

static const polyshm_value *value(struct call *call, int place) {
  return &needed(call, place, "value", SCALAR)->value;
}

/* This is what is left from an offset on: for an absent length or count. The core refuses the offset itself.
 */
static int64_t rest(int64_t size, int64_t offset) {
  return offset < 0 || offset > size ? 0 : size - offset;
}

enum { AT_ONCE = 0, FOR_EVER = -1 };

/* A timeout in seconds, as scripts have it, in nanoseconds. */
static int64_t timeout(struct call *call, int place, int64_t absent) {
  struct object *object = find(call, place, "timeout");
  if (!object)
    return absent;
  double seconds = is_scalar(object, POLYSHM_TYPE_INT64)     ? (double)object->value.as.int64
                   : is_scalar(object, POLYSHM_TYPE_FLOAT64) ? object->value.as.float64
                                                             : -1;
  if (!(seconds >= 0)) {
    stop("C takes no %s for timeout", words(object));
    return 0;
  }
  return seconds < 1e9 ? (int64_t)(seconds * 1e9) : FOR_EVER;
}

static int64_t flags(struct call *call) {
  return (truth(call, "readonly", false) ? POLYSHM_FLAG_READONLY : 0) |
         (truth(call, "any_owner", false) ? POLYSHM_FLAG_ANY_OWNER : 0);
}

/* ---- methods ---- */

static polyshm_status got_segment(struct call *call, polyshm_status status, polyshm_segment *segment) {
  if (!status)
    call->result = (struct object){.kind = SEGMENT, .segment = segment};
  else if (segment)
    stop("the call failed, and yet there is a segment");
  return status;
}

static polyshm_status class_create(struct call *call) {
  const char *name = text(call, 0, "name");
  int64_t size = integer(call, ONLY_BY_KEY, "size", polyshm_page_size());
  int64_t mode = integer(call, ONLY_BY_KEY, "mode", 0600);
  polyshm_segment *segment = NULL;
  polyshm_status status = truth(call, "exclusive", true)
                              ? polyshm_segment_create(name, size, mode, &segment)
                              : polyshm_segment_open(name, size, mode, flags(call), &segment);
  return got_segment(call, status, segment);
}

static polyshm_status class_attach(struct call *call) {
  polyshm_segment *segment = NULL;
  polyshm_status status = polyshm_segment_attach(text(call, 0, "name"), flags(call),
                                                 timeout(call, ONLY_BY_KEY, AT_ONCE), &segment);
  return got_segment(call, status, segment);
}

static polyshm_status class_open(struct call *call) {
  polyshm_segment *segment = NULL;
  int64_t size = integer(call, ONLY_BY_KEY, "size", polyshm_page_size());
  int64_t mode = integer(call, ONLY_BY_KEY, "mode", 0600);
  polyshm_status status = polyshm_segment_open(text(call, 0, "name"), size, mode, flags(call), &segment);
  return got_segment(call, status, segment);
}

/* CPython's constructor: create needs a size, attach needs a name. */
static polyshm_status class_new(struct call *call) {
  const char *name = text(call, 0, "name");
  int64_t size = integer(call, ONLY_BY_KEY, "size", 0);
  polyshm_segment *segment = NULL;
  polyshm_status status = truth(call, "create", false) ? polyshm_segment_create(name, size, 0600, &segment)
                                                       : polyshm_segment_attach(name, 0, 0, &segment);
  return got_segment(call, status, segment);
}

static polyshm_status class_unlink(struct call *call) {
  return polyshm_segment_unlink_name(text(call, 0, "name"));
}

static polyshm_status module_page_size(struct call *call) {
  call->result = integer_object(polyshm_page_size());
  return POLYSHM_OK;
}

static polyshm_status module_version(struct call *call) {
  call->result = string_object(polyshm_version(), (int64_t)strlen(polyshm_version()));
  return POLYSHM_OK;
}

static polyshm_status module_directory(struct call *call) {
  call->result = string_object(polyshm_directory(), (int64_t)strlen(polyshm_directory()));
  return POLYSHM_OK;
}

static polyshm_status module_set_directory(struct call *call) {
  return polyshm_set_directory(text(call, 0, "path"));
}

static polyshm_status take_name(const polyshm_segment_info *info, void *context) {
  struct object *list = context;
  struct object *items = keep((size_t)(list->count + 1) * sizeof *items);
  if (list->count)
    memcpy(items, list->items, (size_t)list->count * sizeof *items);
  items[list->count++] = string_object(info->name, (int64_t)strlen(info->name));
  list->items = items;
  return POLYSHM_OK;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct object *)a)->value.as.bytes.data,
                ((const struct object *)b)->value.as.bytes.data);
}

static polyshm_status module_names(struct call *call) {
  call->result = (struct object){.kind = LIST};
  polyshm_status status = polyshm_each_segment(take_name, &call->result);
  if (call->result.count)
    qsort(call->result.items, (size_t)call->result.count, sizeof *call->result.items, by_name);
  return status;
}

static polyshm_status segment_close(struct call *call) {
  return polyshm_segment_close(call->self.segment);
}

static polyshm_status segment_unlink(struct call *call) {
  return polyshm_segment_unlink(call->self.segment);
}

static polyshm_status segment_resize(struct call *call) {
  return polyshm_segment_resize(call->self.segment, integer(call, 0, "size", 0));
}

static polyshm_status segment_refresh(struct call *call) {
  return polyshm_segment_refresh(call->self.segment);
}

static polyshm_status segment_stale(struct call *call) {
  bool stale = false;
  polyshm_status status = polyshm_segment_stale(call->self.segment, &stale);
  call->result = boolean_object(stale);
  return status;
}

static polyshm_status segment_name(struct call *call) {
  const char *name = polyshm_segment_name(call->self.segment);
  call->result = string_object(name, (int64_t)strlen(name));
  return POLYSHM_OK;
}

static polyshm_status segment_size(struct call *call) {
  call->result = integer_object(polyshm_segment_size(call->self.segment));
  return POLYSHM_OK;
}

static polyshm_status segment_address(struct call *call) {
  uint64_t address = 0;
  polyshm_status status = polyshm_segment_address(call->self.segment, &address);
  call->result = integer_object((int64_t)address);
  return status;
}

static polyshm_status segment_readonly(struct call *call) {
  call->result = boolean_object(polyshm_segment_readonly(call->self.segment));
  return POLYSHM_OK;
}

static polyshm_status segment_closed(struct call *call) {
  call->result = boolean_object(polyshm_segment_closed(call->self.segment));
  return POLYSHM_OK;
}

static polyshm_status segment_read(struct call *call) {
  int64_t offset = integer(call, 0, "offset", 0);
  int64_t length = integer(call, 1, "length", rest(polyshm_segment_size(call->self.segment), offset));
  const void *data = NULL;
  polyshm_status status = polyshm_segment_borrow(call->self.segment, offset, length, &data);
  if (!status)
    call->result = string_object(data, length);
  return status;
}

static polyshm_status segment_write(struct call *call) {
  int64_t offset = integer(call, 0, "offset", 0);
  struct object *data = needed(call, 1, "data", SCALAR);
  if (!is_string(data)) {
    stop("C takes no %s for data", words(data));
    return POLYSHM_TYPE;
  }
  return polyshm_segment_write(call->self.segment, offset, data->value.as.bytes.data,
                               data->value.as.bytes.length);
}

static polyshm_status segment_fill(struct call *call) {
  int64_t byte = integer(call, 0, "byte", 0), offset = integer(call, 1, "offset", 0);
  int64_t length = integer(call, 2, "length", rest(polyshm_segment_size(call->self.segment), offset));
  return polyshm_segment_fill(call->self.segment, byte, offset, length);
}

static polyshm_status segment_copy(struct call *call) {
  const polyshm_segment *source = needed(call, 0, "source", SEGMENT)->segment;
  int64_t offset = integer(call, 1, "offset", 0), source_offset = integer(call, 3, "source_offset", 0);
  int64_t length = integer(call, 2, "length", rest(polyshm_segment_size(source), source_offset));
  return polyshm_segment_copy(call->self.segment, source, offset, length, source_offset);
}

/* Where a call puts a number that is its result. */
static polyshm_value *number_result(struct call *call) {
  call->result = (struct object){.kind = SCALAR};
  return &call->result.value;
}

static struct object number_object(const polyshm_value *number) {
  return (struct object){.kind = SCALAR, .value = *number};
}

static polyshm_status segment_get_value(struct call *call) {
  polyshm_dtype dtype = -1;
  int64_t offset = integer(call, 1, "offset", 0);
  polyshm_status status = polyshm_dtype_from_name(text(call, 0, "dtype"), &dtype);
  return status ? status : polyshm_segment_get_value(call->self.segment, dtype, offset, number_result(call));
}

static polyshm_status segment_set_value(struct call *call) {
  polyshm_dtype dtype = -1;
  int64_t offset = integer(call, 1, "offset", 0);
  const polyshm_value *number = value(call, 2);
  polyshm_status status = polyshm_dtype_from_name(text(call, 0, "dtype"), &dtype);
  return status ? status : polyshm_segment_set_value(call->self.segment, dtype, offset, number);
}

static polyshm_status segment_view(struct call *call) {
  polyshm_dtype dtype = -1;
  polyshm_view *view = NULL;
  polyshm_status status = polyshm_dtype_from_name(text(call, 0, "dtype"), &dtype);
  int64_t offset = integer(call, ONLY_BY_KEY, "offset", 0), count = integer(call, ONLY_BY_KEY, "count", -1);
  if (!status)
    status = polyshm_segment_view(call->self.segment, dtype, offset, count, &view);
  if (!status)
    call->result = (struct object){.kind = VIEW, .view = view};
  return status;
}

static polyshm_status view_close(struct call *call) {
  return polyshm_view_close(call->self.view);
}

static polyshm_status view_closed(struct call *call) {
  call->result = boolean_object(polyshm_view_closed(call->self.view));
  return POLYSHM_OK;
}

static polyshm_status view_dtype(struct call *call) {
  const char *name = polyshm_dtype_name(polyshm_view_dtype(call->self.view));
  call->result = string_object(name, (int64_t)strlen(name));
  return POLYSHM_OK;
}

static polyshm_status view_count(struct call *call) {
  call->result = integer_object(polyshm_view_count(call->self.view));
  return POLYSHM_OK;
}

static polyshm_status view_offset(struct call *call) {
  call->result = integer_object(polyshm_view_offset(call->self.view));
  return POLYSHM_OK;
}

static polyshm_status view_get(struct call *call) {
  return polyshm_view_get(call->self.view, integer(call, 0, "index", 0), number_result(call));
}

static polyshm_status view_set(struct call *call) {
  int64_t index = integer(call, 0, "index", 0);
  return polyshm_view_set(call->self.view, index, value(call, 1));
}

struct taking {
  struct object *list;
  polyshm_dtype dtype;
  int64_t taken;
};

static polyshm_status take_elements(const void *elements, int64_t count, void *context) {
  struct taking *taking = context;
  const char *element = elements;
  for (int64_t i = 0; i < count; i++, element += polyshm_dtype_itemsize(taking->dtype)) {
    polyshm_value number;
    polyshm_dtype_unpack(taking->dtype, element, &number);
    taking->list->items[taking->taken++] = number_object(&number);
  }
  return POLYSHM_OK;
}

static polyshm_status view_values(struct call *call) {
  int64_t size = polyshm_view_count(call->self.view), index = integer(call, 0, "index", 0);
  int64_t count = integer(call, 1, "count", rest(size, index));
  struct object list = {.kind = LIST, .count = count};
  if (count > 0 && count <= size)
    list.items = keep((size_t)count * sizeof *list.items);
  struct taking taking = {&list, polyshm_view_dtype(call->self.view), 0};
  polyshm_status status = polyshm_view_walk(call->self.view, index, count, take_elements, &taking);
  if (!status && taking.taken != count)
    stop("%" PRId64 " of %" PRId64 " elements came", taking.taken, count);
  call->result = list;
  return status;
}

static polyshm_status view_assign(struct call *call) {
  const struct object *list = needed(call, 0, "values", LIST);
  int64_t index = integer(call, 1, "index", 0);
  polyshm_dtype dtype = polyshm_view_dtype(call->self.view);
  int64_t itemsize = polyshm_dtype_itemsize(dtype);
  char *elements = keep((size_t)(list->count * itemsize));
  for (int64_t i = 0; i < list->count; i++) {
    polyshm_status status = polyshm_dtype_pack(dtype, &list->items[i].value, elements + i * itemsize);
    if (status)
      return status;
  }
  return polyshm_view_assign(call->self.view, index, elements, list->count);
}

static polyshm_status view_fill(struct call *call) {
  int64_t index = integer(call, 1, "index", 0);
  int64_t count = integer(call, 2, "count", rest(polyshm_view_count(call->self.view), index));
  return polyshm_view_fill(call->self.view, value(call, 0), index, count);
}

/* ---- lists ---- */

/* nil is none in a list. */
static polyshm_value item_of(const struct object *object) {
  if (object->kind == NOTHING)
    return (polyshm_value){.type = POLYSHM_TYPE_NONE};
  if (object->kind != SCALAR)
    stop("C takes no %s for an item", words(object));
  return object->value;
}

/* A copy that outlives the scratch. */
static struct object item_object(const polyshm_value *item) {
  if (item->type == POLYSHM_TYPE_NONE)
    return (struct object){.kind = NOTHING};
  if (item->type == POLYSHM_TYPE_STR || item->type == POLYSHM_TYPE_BYTES)
    return string_of(item->type, item->as.bytes.data, item->as.bytes.length);
  return number_object(item);
}

static polyshm_value *items_of(const struct object *list) {
  polyshm_value *items = keep((size_t)list->count * sizeof *items);
  for (int64_t i = 0; i < list->count; i++)
    items[i] = item_of(&list->items[i]);
  return items;
}

/* The item given as an argument; nil is one, absence is not. */
static polyshm_value item(struct call *call, int place) {
  struct object *object = find(call, place, "value");
  if (object)
    return item_of(object);
  stop("there is no value");
  return (polyshm_value){.type = POLYSHM_TYPE_NONE};
}

static void *scratch(const struct call *call) {
  return keep((size_t)polyshm_list_scratch(call->self.list));
}

static polyshm_status got_list(struct call *call, polyshm_status status, polyshm_list *list) {
  if (!status)
    call->result = (struct object){.kind = SHAREABLE_LIST, .list = list};
  else if (list)
    stop("the call failed, and yet there is a list");
  return status;
}

/* create and open: `reserve` is one number or a list of them. */
static polyshm_status make_list(struct call *call, const char *name, const struct object *values,
                                bool exclusive) {
  const polyshm_value *items = items_of(values);
  struct object *reserve = find(call, ONLY_BY_KEY, "reserve");
  int64_t mode = integer(call, ONLY_BY_KEY, "mode", 0600), count = 0;
  int64_t *reserves =
      keep(sizeof *reserves * (size_t)(reserve && reserve->kind == LIST ? reserve->count : 1));
  if (reserve && reserve->kind == LIST)
    for (; count < reserve->count; count++)
      reserves[count] = reserve->items[count].value.as.int64;
  else if (reserve)
    reserves[count++] = reserve->value.as.int64;
  polyshm_list *list = NULL;
  polyshm_status status =
      exclusive ? polyshm_list_create(name, items, values->count, reserves, count, mode, &list)
                : polyshm_list_open(name, items, values->count, reserves, count, mode, flags(call), &list);
  return got_list(call, status, list);
}

static polyshm_status list_create(struct call *call) {
  return make_list(call, text(call, 0, "name"), needed(call, 1, "values", LIST),
                   truth(call, "exclusive", true));
}

static polyshm_status list_open(struct call *call) {
  return make_list(call, text(call, 0, "name"), needed(call, 1, "values", LIST), false);
}

static polyshm_status list_attach(struct call *call) {
  polyshm_list *list = NULL;
  polyshm_status status =
      polyshm_list_attach(text(call, 0, "name"), flags(call), timeout(call, ONLY_BY_KEY, AT_ONCE), &list);
  return got_list(call, status, list);
}

/* CPython's constructor: with a sequence it creates, without it attaches. */
static polyshm_status list_new(struct call *call) {
  const struct object *sequence = find(call, 0, "sequence");
  return sequence ? make_list(call, text(call, ONLY_BY_KEY, "name"), sequence, true) : list_attach(call);
}

static polyshm_status list_close(struct call *call) {
  return polyshm_list_close(call->self.list);
}

static polyshm_status list_unlink(struct call *call) {
  return polyshm_list_unlink(call->self.list);
}

static polyshm_status list_closed(struct call *call) {
  call->result = boolean_object(polyshm_list_closed(call->self.list));
  return POLYSHM_OK;
}

static polyshm_status list_name(struct call *call) {
  const char *name = polyshm_list_name(call->self.list);
  call->result = string_object(name, (int64_t)strlen(name));
  return POLYSHM_OK;
}

static polyshm_status list_shm(struct call *call) {
  polyshm_segment *segment = NULL;
  polyshm_status status = polyshm_list_segment(call->self.list, &segment);
  return got_segment(call, status, segment);
}

static polyshm_status list_length(struct call *call) {
  call->result = integer_object(polyshm_list_length(call->self.list));
  return POLYSHM_OK;
}

static polyshm_status list_capacity(struct call *call) {
  int64_t bytes = 0;
  polyshm_status status = polyshm_list_capacity(call->self.list, integer(call, 0, "index", 0), &bytes);
  call->result = integer_object(bytes);
  return status;
}

/* One item's format, or all of them in a row. */
static polyshm_status list_format(struct call *call) {
  int64_t first = integer(call, 0, "index", 0),
          count = call->count ? 1 : polyshm_list_length(call->self.list);
  char *formats = keep((size_t)count * sizeof(polyshm_list_format_text) + 1), *end = formats;
  polyshm_status status = POLYSHM_OK;
  for (int64_t i = first; !status && i < first + count; i++) {
    polyshm_list_format_text one;
    status = polyshm_list_format(call->self.list, i, &one);
    if (!status)
      end = stpcpy(end, one.text);
  }
  call->result = string_object(formats, end - formats);
  return status;
}

static polyshm_status list_get(struct call *call) {
  polyshm_value got = {.type = POLYSHM_TYPE_NONE};
  int64_t index = integer(call, 0, "index", 0);
  polyshm_status status =
      polyshm_list_get(call->self.list, index, scratch(call), polyshm_list_scratch(call->self.list), &got);
  if (!status)
    call->result = item_object(&got);
  return status;
}

static polyshm_status list_kind(struct call *call) {
  static const char *const kinds[] = {
      [POLYSHM_TYPE_NONE] = "none",     [POLYSHM_TYPE_BOOL] = "bool", [POLYSHM_TYPE_INT64] = "int",
      [POLYSHM_TYPE_FLOAT64] = "float", [POLYSHM_TYPE_STR] = "str",   [POLYSHM_TYPE_BYTES] = "bytes"};
  polyshm_status status = list_get(call);
  const char *kind = kinds[call->result.kind == NOTHING ? POLYSHM_TYPE_NONE : call->result.value.type];
  call->result = string_object(kind, (int64_t)strlen(kind));
  return status;
}

static polyshm_status list_set(struct call *call) {
  const polyshm_value given = item(call, 1);
  return polyshm_list_set(call->self.list, integer(call, 0, "index", 0), &given);
}

static polyshm_status take_item(const polyshm_value *value, void *context) {
  struct object *list = context;
  list->items[list->count++] = item_object(value);
  return POLYSHM_OK;
}

static polyshm_status list_values(struct call *call) {
  int64_t length = polyshm_list_length(call->self.list), index = integer(call, 0, "index", 0);
  int64_t count = integer(call, 1, "count", rest(length, index));
  call->result = (struct object){.kind = LIST, .items = keep((size_t)length * sizeof *call->result.items)};
  return polyshm_list_walk(call->self.list, index, count, scratch(call),
                           polyshm_list_scratch(call->self.list), take_item, &call->result);
}

static polyshm_status list_assign(struct call *call) {
  const struct object *values = needed(call, 0, "values", LIST);
  return polyshm_list_assign(call->self.list, integer(call, 1, "index", 0), items_of(values), values->count);
}

static polyshm_status list_count(struct call *call) {
  const polyshm_value sought = item(call, 0);
  int64_t count = 0;
  polyshm_status status = polyshm_list_count(call->self.list, &sought, scratch(call),
                                             polyshm_list_scratch(call->self.list), &count);
  call->result = integer_object(count);
  return status;
}

static polyshm_status list_index(struct call *call) {
  const polyshm_value sought = item(call, 0);
  int64_t index = 0;
  polyshm_status status = polyshm_list_index(call->self.list, &sought, scratch(call),
                                             polyshm_list_scratch(call->self.list), &index);
  call->result = index < 0 ? (struct object){.kind = NOTHING} : integer_object(index);
  return status;
}

/* ---- atomics ---- */

typedef polyshm_status operation(polyshm_view *view, int64_t index, const polyshm_value *value,
                                 polyshm_value *out);

static polyshm_status operate(struct call *call, operation *what) {
  int64_t index = integer(call, 0, "index", 0);
  return what(call->self.view, index, value(call, 1), number_result(call));
}

#define OPERATION(verb)                                                                                      \
  static polyshm_status view_##verb(struct call *call) {                                                     \
    return operate(call, polyshm_view_##verb);                                                               \
  }
OPERATION(add)
OPERATION(sub)
OPERATION(and)
OPERATION(or)
OPERATION(xor)
OPERATION(exchange)
#undef OPERATION

static polyshm_status view_load(struct call *call) {
  return polyshm_view_load(call->self.view, integer(call, 0, "index", 0), number_result(call));
}

static polyshm_status view_store(struct call *call) {
  int64_t index = integer(call, 0, "index", 0);
  return polyshm_view_store(call->self.view, index, value(call, 1));
}

static polyshm_status view_compare_exchange(struct call *call) {
  int64_t index = integer(call, 0, "index", 0);
  const polyshm_value *expected = value(call, 1), *replacement = value(call, 2);
  return polyshm_view_compare_exchange(call->self.view, index, expected, replacement, number_result(call));
}

static struct object word_object(const char *word) {
  return string_object(word, (int64_t)strlen(word));
}

static polyshm_status view_wait(struct call *call) {
  polyshm_wait_outcome outcome = -1;
  int64_t index = integer(call, 0, "index", 0);
  const polyshm_value *expected = value(call, 1);
  int64_t longest = timeout(call, 2, FOR_EVER);
  polyshm_status status = polyshm_view_wait(call->self.view, index, expected, longest, &outcome);
  call->result = word_object(polyshm_wait_outcome_name(outcome));
  return status;
}

static polyshm_status view_notify(struct call *call) {
  int64_t woken = 0, index = integer(call, 0, "index", 0), count = integer(call, 1, "count", -1);
  polyshm_status status = polyshm_view_notify(call->self.view, index, count, &woken);
  call->result = integer_object(woken);
  return status;
}

/* ---- locks, semaphores, events ---- */

/* This is what a handle says is so, or not. */
static polyshm_status got_truth(struct call *call, polyshm_status status, bool truth) {
  call->result = boolean_object(truth);
  return status;
}

/* This is what they do alike. */
#define OBJECT_METHODS(KIND, type)                                                                           \
  static polyshm_status got_##type(struct call *call, polyshm_status status, polyshm_##type *type) {         \
    if (!status)                                                                                             \
      call->result = (struct object){.kind = KIND, .type = type};                                            \
    else if (type)                                                                                           \
      stop("the call failed, and yet there is a handle");                                                    \
    return status;                                                                                           \
  }                                                                                                          \
  static polyshm_status type##_attach(struct call *call) {                                                   \
    polyshm_##type *type = NULL;                                                                             \
    const char *name = text(call, 0, "name");                                                                \
    polyshm_status status =                                                                                  \
        polyshm_##type##_attach(name, flags(call), timeout(call, ONLY_BY_KEY, AT_ONCE), &type);              \
    return got_##type(call, status, type);                                                                   \
  }                                                                                                          \
  static polyshm_status type##_close(struct call *call) {                                                    \
    return polyshm_##type##_close(call->self.type);                                                          \
  }                                                                                                          \
  static polyshm_status type##_unlink(struct call *call) {                                                   \
    return polyshm_##type##_unlink(call->self.type);                                                         \
  }                                                                                                          \
  static polyshm_status type##_closed(struct call *call) {                                                   \
    return got_truth(call, POLYSHM_OK, polyshm_##type##_closed(call->self.type));                            \
  }                                                                                                          \
  static polyshm_status type##_name(struct call *call) {                                                     \
    call->result = word_object(polyshm_##type##_name(call->self.type));                                      \
    return POLYSHM_OK;                                                                                       \
  }                                                                                                          \
  static polyshm_status type##_stale(struct call *call) {                                                    \
    bool stale = false;                                                                                      \
    polyshm_status status = polyshm_##type##_stale(call->self.type, &stale);                                 \
    return got_truth(call, status, stale);                                                                   \
  }
OBJECT_METHODS(LOCK, lock)
OBJECT_METHODS(SEMAPHORE, semaphore)
OBJECT_METHODS(EVENT, event)
#undef OBJECT_METHODS

static polyshm_status make_lock(struct call *call, bool exclusive) {
  polyshm_lock *lock = NULL;
  const char *name = text(call, 0, "name");
  int64_t mode = integer(call, ONLY_BY_KEY, "mode", 0600);
  polyshm_status status =
      exclusive ? polyshm_lock_create(name, mode, &lock) : polyshm_lock_open(name, mode, flags(call), &lock);
  return got_lock(call, status, lock);
}

static polyshm_status lock_create(struct call *call) {
  return make_lock(call, truth(call, "exclusive", true));
}

static polyshm_status lock_open(struct call *call) {
  return make_lock(call, false);
}

static polyshm_status segment_lock(struct call *call) {
  polyshm_lock *lock = NULL;
  polyshm_status status = polyshm_segment_lock(call->self.segment, &lock);
  return got_lock(call, status, lock);
}

static polyshm_status lock_within(struct call *call, int64_t longest) {
  polyshm_lock_outcome outcome = -1;
  polyshm_status status = polyshm_lock_lock(call->self.lock, longest, &outcome);
  call->result = outcome == POLYSHM_LOCK_TIMED_OUT ? boolean_object(false)
                                                   : word_object(polyshm_lock_outcome_name(outcome));
  return status;
}

static polyshm_status lock_lock(struct call *call) {
  return lock_within(call, timeout(call, 0, FOR_EVER));
}

static polyshm_status lock_try_lock(struct call *call) {
  return lock_within(call, AT_ONCE);
}

static polyshm_status lock_unlock(struct call *call) {
  return polyshm_lock_unlock(call->self.lock);
}

static polyshm_status lock_repaired(struct call *call) {
  return polyshm_lock_repaired(call->self.lock);
}

static polyshm_status lock_owned(struct call *call) {
  bool owned = false;
  polyshm_status status = polyshm_lock_owned(call->self.lock, &owned);
  return got_truth(call, status, owned);
}

static polyshm_status lock_locked(struct call *call) {
  bool locked = false;
  polyshm_status status = polyshm_lock_locked(call->self.lock, &locked);
  return got_truth(call, status, locked);
}

static polyshm_status lock_dirty(struct call *call) {
  bool dirty = false;
  polyshm_status status = polyshm_lock_dirty(call->self.lock, &dirty);
  return got_truth(call, status, dirty);
}

static polyshm_status make_semaphore(struct call *call, bool exclusive) {
  polyshm_semaphore *semaphore = NULL;
  const char *name = text(call, 0, "name");
  int64_t count = integer(call, ONLY_BY_KEY, "count", 1), mode = integer(call, ONLY_BY_KEY, "mode", 0600);
  polyshm_status status = exclusive ? polyshm_semaphore_create(name, count, mode, &semaphore)
                                    : polyshm_semaphore_open(name, count, mode, flags(call), &semaphore);
  return got_semaphore(call, status, semaphore);
}

static polyshm_status semaphore_create(struct call *call) {
  return make_semaphore(call, truth(call, "exclusive", true));
}

static polyshm_status semaphore_open(struct call *call) {
  return make_semaphore(call, false);
}

static polyshm_status semaphore_count(struct call *call) {
  call->result = integer_object(polyshm_semaphore_count(call->self.semaphore));
  return POLYSHM_OK;
}

static polyshm_status semaphore_value(struct call *call) {
  int64_t free_permits = 0;
  polyshm_status status = polyshm_semaphore_value(call->self.semaphore, &free_permits);
  call->result = integer_object(free_permits);
  return status;
}

static polyshm_status acquire_within(struct call *call, int64_t longest) {
  bool acquired = false;
  polyshm_status status = polyshm_semaphore_acquire(call->self.semaphore, longest, &acquired);
  return got_truth(call, status, acquired);
}

static polyshm_status semaphore_acquire(struct call *call) {
  return acquire_within(call, timeout(call, 0, FOR_EVER));
}

static polyshm_status semaphore_try_acquire(struct call *call) {
  return acquire_within(call, AT_ONCE);
}

static polyshm_status semaphore_release(struct call *call) {
  return polyshm_semaphore_release(call->self.semaphore);
}

static polyshm_status make_event(struct call *call, bool exclusive) {
  polyshm_event *event = NULL;
  const char *name = text(call, 0, "name");
  int64_t mode = integer(call, ONLY_BY_KEY, "mode", 0600);
  polyshm_status status = exclusive ? polyshm_event_create(name, mode, &event)
                                    : polyshm_event_open(name, mode, flags(call), &event);
  return got_event(call, status, event);
}

static polyshm_status event_create(struct call *call) {
  return make_event(call, truth(call, "exclusive", true));
}

static polyshm_status event_open(struct call *call) {
  return make_event(call, false);
}

static polyshm_status event_set(struct call *call) {
  return polyshm_event_set(call->self.event);
}

static polyshm_status event_clear(struct call *call) {
  return polyshm_event_clear(call->self.event);
}

static polyshm_status event_is_set(struct call *call) {
  bool set = false;
  polyshm_status status = polyshm_event_is_set(call->self.event, &set);
  return got_truth(call, status, set);
}

static polyshm_status event_wait(struct call *call) {
  bool set = false;
  polyshm_status status = polyshm_event_wait(call->self.event, timeout(call, 0, FOR_EVER), &set);
  return got_truth(call, status, set);
}

static const struct method {
  const char *target, *name;
  polyshm_status (*run)(struct call *call);
} methods[] = {
    {"SharedMemory", "create", class_create},
    {"SharedMemory", "attach", class_attach},
    {"SharedMemory", "open", class_open},
    {"SharedMemory", "new", class_new},
    {"SharedMemory", "unlink", class_unlink},
    {"polyshm", "page_size", module_page_size},
    {"polyshm", "version", module_version},
    {"polyshm", "names", module_names},
    {"polyshm", "directory", module_directory},
    {"polyshm", "set_directory", module_set_directory},
    {"segment", "close", segment_close},
    {"segment", "unlink", segment_unlink},
    {"segment", "resize", segment_resize},
    {"segment", "refresh", segment_refresh},
    {"segment", "stale", segment_stale},
    {"segment", "name", segment_name},
    {"segment", "size", segment_size},
    {"segment", "address", segment_address},
    {"segment", "readonly", segment_readonly},
    {"segment", "closed", segment_closed},
    {"segment", "read", segment_read},
    {"segment", "write", segment_write},
    {"segment", "fill", segment_fill},
    {"segment", "copy", segment_copy},
    {"segment", "get_value", segment_get_value},
    {"segment", "set_value", segment_set_value},
    {"segment", "view", segment_view},
    {"view", "close", view_close},
    {"view", "closed", view_closed},
    {"view", "dtype", view_dtype},
    {"view", "count", view_count},
    {"view", "offset", view_offset},
    {"view", "get", view_get},
    {"view", "set", view_set},
    {"view", "values", view_values},
    {"view", "assign", view_assign},
    {"view", "fill", view_fill},
    {"ShareableList", "create", list_create},
    {"ShareableList", "attach", list_attach},
    {"ShareableList", "open", list_open},
    {"ShareableList", "new", list_new},
    {"ShareableList", "unlink", class_unlink},
    {"list", "close", list_close},
    {"list", "unlink", list_unlink},
    {"list", "closed", list_closed},
    {"list", "name", list_name},
    {"list", "shm", list_shm},
    {"list", "length", list_length},
    {"list", "capacity", list_capacity},
    {"list", "format", list_format},
    {"list", "get", list_get},
    {"list", "kind", list_kind},
    {"list", "set", list_set},
    {"list", "values", list_values},
    {"list", "assign", list_assign},
    {"list", "count", list_count},
    {"list", "index", list_index},
    {"view", "add", view_add},
    {"view", "sub", view_sub},
    {"view", "and", view_and},
    {"view", "or", view_or},
    {"view", "xor", view_xor},
    {"view", "exchange", view_exchange},
    {"view", "load", view_load},
    {"view", "store", view_store},
    {"view", "compare_exchange", view_compare_exchange},
    {"view", "wait", view_wait},
    {"view", "notify", view_notify},
    {"segment", "lock", segment_lock},
    {"Lock", "create", lock_create},
    {"Lock", "attach", lock_attach},
    {"Lock", "open", lock_open},
    {"Lock", "unlink", class_unlink},
    {"lock", "close", lock_close},
    {"lock", "unlink", lock_unlink},
    {"lock", "closed", lock_closed},
    {"lock", "name", lock_name},
    {"lock", "stale", lock_stale},
    {"lock", "lock", lock_lock},
    {"lock", "try_lock", lock_try_lock},
    {"lock", "unlock", lock_unlock},
    {"lock", "owned", lock_owned},
    {"lock", "locked", lock_locked},
    {"lock", "dirty", lock_dirty},
    {"lock", "repaired", lock_repaired},
    {"Semaphore", "create", semaphore_create},
    {"Semaphore", "attach", semaphore_attach},
    {"Semaphore", "open", semaphore_open},
    {"Semaphore", "unlink", class_unlink},
    {"semaphore", "close", semaphore_close},
    {"semaphore", "unlink", semaphore_unlink},
    {"semaphore", "closed", semaphore_closed},
    {"semaphore", "name", semaphore_name},
    {"semaphore", "stale", semaphore_stale},
    {"semaphore", "count", semaphore_count},
    {"semaphore", "value", semaphore_value},
    {"semaphore", "acquire", semaphore_acquire},
    {"semaphore", "try_acquire", semaphore_try_acquire},
    {"semaphore", "release", semaphore_release},
    {"Event", "create", event_create},
    {"Event", "attach", event_attach},
    {"Event", "open", event_open},
    {"Event", "unlink", class_unlink},
    {"event", "close", event_close},
    {"event", "unlink", event_unlink},
    {"event", "closed", event_closed},
    {"event", "name", event_name},
    {"event", "stale", event_stale},
    {"event", "set", event_set},
    {"event", "clear", event_clear},
    {"event", "is_set", event_is_set},
    {"event", "wait", event_wait},
};

/* ---- reading a line ---- */

static const char *cursor;

static void skip_blanks(void) {
  while (*cursor == ' ')
    cursor++;
}

static bool accept(const char *sign) {
  if (strncmp(cursor, sign, strlen(sign)) != 0)
    return false;
  cursor += strlen(sign);
  return true;
}

/* A name of a target, method, key or variable; "" if there is none. */
static void read_word(char word[WORD_BYTES]) {
  size_t length = 0;
  while (length < WORD_BYTES - 1 && (isalnum((unsigned char)*cursor) || *cursor == '_'))
    word[length++] = *cursor++;
  word[length] = '\0';
}

/* The variable of a name; it need not be set yet. */
static struct variable *find_variable(const char *name) {
  for (int i = 0; i < variable_count; i++)
    if (strcmp(variables[i].name, name) == 0)
      return &variables[i];
  if (variable_count == MAX_VARIABLES) {
    stop("more than %d variables", MAX_VARIABLES);
    return variables;
  }
  struct variable *variable = &variables[variable_count++];
  *variable = (struct variable){.set = false};
  (void)snprintf(variable->name, sizeof variable->name, "%s", name);
  return variable;
}

/* The number of so many hexadecimal digits. */
static unsigned read_hex(int digits) {
  unsigned number = 0;
  for (; digits > 0; digits--, cursor++) {
    if (!isxdigit((unsigned char)*cursor)) {
      stop("an escape needs more hexadecimal digits");
      return 0;
    }
    const int digit = tolower((unsigned char)*cursor);
    number = number * 16 + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return number;
}

/* A character's UTF-8. */
static char *put_character(char *out, unsigned character) {
  if (character < 0x80) {
    *out++ = (char)character;
    return out;
  }
  if (character < 0x800) {
    *out++ = (char)(0xc0 | character >> 6);
  } else {
    *out++ = (char)(0xe0 | character >> 12);
    *out++ = (char)(0x80 | (character >> 6 & 0x3f));
  }
  *out++ = (char)(0x80 | (character & 0x3f));
  return out;
}

/* After a backslash. */
static char *read_escape(char *out) {
  static const char letters[] = "nt\"\\", meant[] = "\n\t\"\\";
  if (accept("x")) {
    *out++ = (char)read_hex(2);
    return out;
  }
  if (accept("u"))
    return put_character(out, read_hex(4));
  const char *letter = *cursor ? strchr(letters, *cursor) : NULL;
  if (!letter) {
    stop("an unknown escape: \\%.1s", cursor);
    return out;
  }
  cursor++;
  *out++ = meant[letter - letters];
  return out;
}

/* After the opening quote. No escape is shorter than what it stands for. */
static struct object read_string(int32_t kind) {
  const char *end = cursor;
  while (*end && *end != '"')
    end += end[0] == '\\' && end[1] ? 2 : 1;
  char *data = keep((size_t)(end - cursor) + 1), *out = data;
  while (*cursor && *cursor != '"' && !*problem) {
    if (accept("\\"))
      out = read_escape(out);
    else
      *out++ = *cursor++;
  }
  if (!accept("\""))
    stop("a string has no end");
  const int64_t length = out - data;
  if (!accept("*"))
    return string_of(kind, data, length);
  long times = strtol(cursor, (char **)&cursor, 10);
  char *whole = keep((size_t)(length * times) + 1);
  for (long i = 0; i < times; i++)
    memcpy(whole + i * length, data, (size_t)length);
  return string_of(kind, whole, length * times);
}

static struct object read_number(void) {
  size_t length = strspn(cursor, "+-.0123456789einf");
  bool whole = strspn(cursor, "-0123456789") == length;
  const char *start = cursor;
  char *end = NULL;
  struct object object;
  errno = 0;
  if (!whole) {
    object = float_object(strtod(start, &end));
    errno = 0; /* ERANGE is for what is nearly 0, too */
  } else if (*start == '-') {
    object = integer_object(strtoll(start, &end, 10));
  } else {
    uint64_t number = strtoull(start, &end, 10);
    object = integer_object((int64_t)number);
    if (number > INT64_MAX)
      object.value = (polyshm_value){.type = POLYSHM_TYPE_UINT64, .as.uint64 = number};
  }
  if (end != start + length || length == 0 || errno)
    stop("cannot read \"%.20s\"", start);
  cursor = start + length;
  return object;
}

static struct object read_object(void);

/* After the opening bracket. */
static struct object read_list(void) {
  struct object list = {.kind = LIST};
  int64_t room = 16;
  struct object *items = keep((size_t)room * sizeof *items);
  for (skip_blanks(); !accept("]"); skip_blanks()) {
    if (!*cursor || *problem) {
      stop("a list has no end");
      break;
    }
    if (list.count == room) {
      struct object *longer = keep((size_t)(room *= 2) * sizeof *longer);
      items = memcpy(longer, items, (size_t)list.count * sizeof *items);
    }
    items[list.count++] = read_object();
  }
  list.items = items;
  return list;
}

static struct object read_object(void) {
  if (accept("\""))
    return read_string(POLYSHM_TYPE_STR);
  if (accept("b\""))
    return read_string(POLYSHM_TYPE_BYTES);
  if (accept("["))
    return read_list();
  if (isdigit((unsigned char)*cursor) || *cursor == '-')
    return read_number();
  char word[WORD_BYTES];
  const char *start = cursor;
  read_word(word);
  if (strcmp(word, "nil") == 0)
    return (struct object){.kind = NOTHING};
  if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
    return boolean_object(*word == 't');
  if (strcmp(word, "nan") == 0 || strcmp(word, "inf") == 0)
    return float_object(strtod(word, NULL));
  if (!*word)
    stop("\"%.20s\" is no value that c has", start);
  return (struct object){.kind = VARIABLE, .variable = find_variable(word)};
}

/* ---- statements ---- */

struct statement {
  const char *text;
  struct variable *when, *result; /* NULL if there is none */
  struct object when_is;
  struct variable *self; /* NULL for a class's or the module's method, which is found at once */
  char target[WORD_BYTES], name[WORD_BYTES];
  const struct method *method;
  enum kind of; /* the kind of self that the method was found for */
  struct argument arguments[MAX_ARGUMENTS];
  int placed, count;
  bool fails, expects; /* `fail`; whether `expected` was given */
  struct object expected;
};

static const struct method *find_method(const char *target, const char *name) {
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (strcmp(methods[i].name, name) == 0 && strcmp(methods[i].target, target) == 0)
      return &methods[i];
  stop("there is no %s.%s", target, name);
  return NULL;
}

static void read_arguments(struct statement *statement) {
  for (skip_blanks(); *cursor && strncmp(cursor, "->", 2) != 0 && !*problem; skip_blanks()) {
    if (statement->count == MAX_ARGUMENTS) {
      stop("more than %d arguments", MAX_ARGUMENTS);
      return;
    }
    struct argument *argument = &statement->arguments[statement->count++];
    const char *start = cursor;
    char key[WORD_BYTES];
    read_word(key);
    if (*key && accept("=")) {
      argument->key = strcpy(keep(WORD_BYTES), key);
    } else {
      cursor = start;
      if (++statement->placed != statement->count)
        stop("an argument behind KEY=VALUE");
    }
    argument->object = read_object();
  }
}

/* `[VARIABLE =] TARGET.METHOD ... [-> TOKEN]`, or `fail "WORDS"`. */
static void read_call(struct statement *statement) {
  read_word(statement->target);
  if (strcmp(statement->target, "fail") == 0 && accept(" ")) {
    statement->fails = true;
    statement->expected = read_object();
    return;
  }
  if (accept(" = ")) {
    statement->result = find_variable(statement->target);
    read_word(statement->target);
  }
  if (!accept("."))
    stop("cannot read this: %.900s", statement->text);
  read_word(statement->name);
  if (isupper((unsigned char)*statement->target) || strcmp(statement->target, "polyshm") == 0)
    statement->method = find_method(statement->target, statement->name);
  else
    statement->self = find_variable(statement->target);
  read_arguments(statement);
  if (accept("->")) {
    skip_blanks();
    statement->expects = true;
    statement->expected = read_object();
  }
}

static void read_statement(const char *line, struct statement *statement) {
  *statement = (struct statement){.text = line};
  cursor = line;
  skip_blanks();
  if (accept("when ")) {
    char word[WORD_BYTES];
    read_word(word);
    statement->when = find_variable(word);
    skip_blanks();
    statement->when_is = read_object();
    skip_blanks();
  }
  read_call(statement);
}

/* What a token stands for now. */
static const struct object *meant(const struct object *object) {
  if (object->kind != VARIABLE)
    return object;
  if (!object->variable->set)
    stop("there is no %s", object->variable->name);
  return &object->variable->object;
}

static void assign(struct variable *variable, struct object *result) {
  if (variable->set)
    release(&variable->object);
  variable->set = true;
  variable->object = *result;
  if (is_string(result)) {
    if (result->value.as.bytes.length >= WORD_BYTES)
      stop("a variable of this driver holds at most %d bytes of text", WORD_BYTES - 1);
    else
      variable->object.value.as.bytes.data =
          memcpy(variable->text, result->value.as.bytes.data, (size_t)result->value.as.bytes.length);
  } else if (result->kind == LIST) {
    stop("a variable of this driver holds no list");
  }
  *result = (struct object){.kind = NOTHING};
}

/* The method for what self is now. */
static void find_own_method(struct statement *statement) {
  static const char *const classes[] = {
      [NOTHING] = "nil",         [SCALAR] = "value", [LIST] = "list of values", [VARIABLE] = "",
      [SEGMENT] = "segment",     [VIEW] = "view",    [SHAREABLE_LIST] = "list", [LOCK] = "lock",
      [SEMAPHORE] = "semaphore", [EVENT] = "event"};
  if (statement->method && statement->of == statement->self->object.kind)
    return;
  if (!statement->self->set)
    stop("there is no %s", statement->self->name);
  statement->of = statement->self->object.kind;
  statement->method = *problem ? NULL : find_method(classes[statement->of], statement->name);
}

/* Whether a statement is to be run: its `when`. */
static bool comes(const struct statement *statement) {
  const struct object when = {.kind = VARIABLE, .variable = statement->when};
  return !statement->when || (equal(meant(&when), meant(&statement->when_is)) && !*problem);
}

/* Calls it, and says what is wrong with its result. */
static polyshm_status call_method(struct statement *statement, struct call *call) {
  for (int i = 0; i < statement->count; i++)
    (void)meant(&statement->arguments[i].object);
  if (statement->self)
    find_own_method(statement);
  if (*problem)
    return POLYSHM_OK;
  if (statement->self)
    call->self = statement->self->object;
  const polyshm_status status = statement->method->run(call);
  for (int i = 0; i < statement->count; i++)
    if (!statement->arguments[i].used)
      stop("%s.%s has no argument %s", statement->target, statement->name,
           i < statement->placed ? "there" : statement->arguments[i].key);
  if (!status && statement->expects && !equal(&call->result, meant(&statement->expected))) {
    char *given = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&given, &length);
    put_object(out, &call->result);
    (void)fclose(out);
    stop("%.400s: it gave %.400s", statement->text, given);
    free(given);
  }
  return status;
}

/* Runs it, and is true if it came out as expected. The answer is written if it is wanted, or not as expected.
 */
static bool run_statement(struct statement *statement, bool wanted) {
  static const struct object nothing = {.kind = NOTHING};
  const struct object *answer = &nothing;
  struct call call = {
      .arguments = statement->arguments, .placed = statement->placed, .count = statement->count};
  polyshm_status status = POLYSHM_OK;
  if (!*problem && comes(statement)) {
    if (statement->fails)
      stop("%s", statement->expected.value.as.bytes.data);
    else
      status = call_method(statement, &call);
    answer = &call.result;
    if (statement->result && !status && !*problem) {
      assign(statement->result, &call.result);
      answer = &statement->result->object;
    }
  }
  const bool good = !*problem && !status;
  if (*problem) {
    fputs("broken ", stdout);
    put_string(stdout, problem, (int64_t)strlen(problem));
  } else if (status) {
    printf("error %s ", polyshm_status_name(status));
    put_string(stdout, polyshm_last_error(), (int64_t)strlen(polyshm_last_error()));
  } else if (wanted) {
    put_object(stdout, answer);
  }
  *problem = '\0';
  if (call.result.kind >= SEGMENT)
    release(&call.result);
  return good;
}

/* ---- lines ---- */

/* The next line, in the arena. */
static const char *next_line(void) {
  static char *line;
  static size_t room;
  const ssize_t length = getline(&line, &room, stdin);
  if (length < 0) {
    free(line);
    return NULL;
  }
  line[length - (length && line[length - 1] == '\n')] = '\0';
  return strcpy(keep((size_t)length + 1), line);
}

/* Gives every variable back. */
static void forget(void) {
  for (; variable_count > 0; variable_count--)
    if (variables[variable_count - 1].set)
      release(&variables[variable_count - 1].object);
}

/* `repeat TIMES LINES`. */
static void repeat(const char *numbers) {
  static struct statement statements[MAX_REPEATED];
  char *end = NULL;
  const long times = strtol(numbers, &end, 10), count = strtol(end, NULL, 10);
  if (count < 1 || count > MAX_REPEATED)
    stop("repeat takes 1 to %d lines", MAX_REPEATED);
  for (long i = 0; i < count && !*problem; i++) {
    const char *line = next_line();
    if (line)
      read_statement(line, &statements[i]);
    else
      stop("there are fewer lines than repeat says");
  }
  const size_t used = arena_used;
  for (long i = 0; i < times; i++)
    for (long k = 0; k < count; k++) {
      arena_used = used;
      if (!run_statement(&statements[k], false))
        return;
    }
  fputs("nil", stdout);
}

int main(void) {
  puts("ready c c");
  (void)fflush(stdout);
  for (const char *line; (line = next_line()); arena_used = 0) {
    struct statement statement;
    if (strcmp(line, "forget") == 0) {
      forget();
      fputs("nil", stdout);
    } else if (strncmp(line, "repeat ", 7) == 0) {
      repeat(line + 7);
    } else {
      read_statement(line, &statement);
      (void)run_statement(&statement, true);
    }
    putchar('\n');
    (void)fflush(stdout);
  }
  forget();
  return 0;
}
