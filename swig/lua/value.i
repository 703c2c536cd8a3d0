/*
 * value.i: polyshm_value, and whole ranges of them as tables. SWIG knows none of these types.
 */
%{
#include <limits.h>
#include <math.h>

static void polyshm_lua_other_value(lua_State *L, int index, polyshm_value *value) {
  size_t length = 0;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
  case LUA_TNONE:
    value->type = POLYSHM_TYPE_NONE;
    return;
  case LUA_TBOOLEAN:
    value->type = POLYSHM_TYPE_BOOL;
    value->as.boolean = lua_toboolean(L, index);
    return;
  case LUA_TSTRING:
    value->type = POLYSHM_TYPE_STR;
    value->as.bytes.data = lua_tolstring(L, index, &length);
    value->as.bytes.length = (int64_t)length;
    return;
  default:
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "value: a number is needed, not %s", luaL_typename(L, index)));
  }
}

static inline void polyshm_lua_to_value(lua_State *L, int index, polyshm_value *value) {
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, index)) {
    value->type = POLYSHM_TYPE_INT64;
    value->as.int64 = lua_tointeger(L, index);
    return;
  }
#endif
  if (lua_type(L, index) != LUA_TNUMBER) {
    polyshm_lua_other_value(L, index, value);
    return;
  }
  value->type = POLYSHM_TYPE_FLOAT64;
  value->as.float64 = lua_tonumber(L, index);
}

/*
 * A value that the script has given a kind: polyshm.str(s), polyshm.bytes(s), polyshm.float(x), and polyshm.none, which
 * stands for nothing where nil would be a hole. A userdata with the value inside, known by its first word.
 */
typedef struct polyshm_lua_box {
  const void *mark;
  polyshm_value value;
  char text[];
} polyshm_lua_box;

#define POLYSHM_LUA_BOX "polyshm.Value"
static const char polyshm_lua_box_mark; /* its address is the registry's key of none, too */

static polyshm_lua_box *polyshm_lua_new_box(lua_State *L, int32_t kind, size_t length) {
  polyshm_lua_box *box = lua_newuserdata(L, sizeof *box + length);
  *box = (polyshm_lua_box){.mark = &polyshm_lua_box_mark, .value.type = kind};
  luaL_getmetatable(L, POLYSHM_LUA_BOX);
  lua_setmetatable(L, -2);
  return box;
}

static const polyshm_lua_box *polyshm_lua_to_box(lua_State *L, int index) {
  const polyshm_lua_box *box = lua_touserdata(L, index);
  return box && lua_rawlen(L, index) >= sizeof *box && box->mark == &polyshm_lua_box_mark ? box : NULL;
}

static void polyshm_lua_push_none(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&polyshm_lua_box_mark);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

/* none(): the value none, always the same. */
static int polyshm_lua_none(lua_State *L) {
  polyshm_lua_push_none(L);
  return 1;
}

static int polyshm_lua_box_text(lua_State *L, int32_t kind, const char *what) {
  int64_t length = 0;
  const char *text = polyshm_lua_bytes(L, 1, &length, what);
  polyshm_lua_box *box = polyshm_lua_new_box(L, kind, (size_t)length);
  memcpy(box->text, text, (size_t)length);
  box->value.as.bytes.data = box->text;
  box->value.as.bytes.length = length;
  return 1;
}

static int polyshm_lua_str(lua_State *L) {
  return polyshm_lua_box_text(L, POLYSHM_TYPE_STR, "str");
}

static int polyshm_lua_box_bytes(lua_State *L) {
  return polyshm_lua_box_text(L, POLYSHM_TYPE_BYTES, "bytes");
}

/* float(x): never rounded, as all numbers. */
static int polyshm_lua_float(lua_State *L) {
  polyshm_value value;
  double number;
  polyshm_lua_to_value(L, 1, &value);
  polyshm_status status = polyshm_dtype_pack(POLYSHM_FLOAT64, &value, &number);
  if (status)
    polyshm_lua_raise(L, status);
  polyshm_lua_new_box(L, POLYSHM_TYPE_FLOAT64, 0)->value.as.float64 = number;
  return 1;
}

static int polyshm_lua_box_tostring(lua_State *L) {
  const polyshm_lua_box *box = polyshm_lua_to_box(L, 1);
  if (!box || box->value.type == POLYSHM_TYPE_NONE)
    lua_pushliteral(L, "none");
  else if (box->value.type == POLYSHM_TYPE_FLOAT64)
    lua_pushfstring(L, "%f", box->value.as.float64);
  else
    lua_pushlstring(L, box->value.as.bytes.data, (size_t)box->value.as.bytes.length);
  return 1;
}

static void polyshm_lua_push_value(lua_State *L, const polyshm_value *value) {
  switch (value->type) {
  case POLYSHM_TYPE_BOOL: lua_pushboolean(L, value->as.boolean); return;
  case POLYSHM_TYPE_INT64: polyshm_lua_push_int64(L, value->as.int64); return;
  case POLYSHM_TYPE_UINT64: polyshm_lua_push_uint64(L, value->as.uint64); return;
  case POLYSHM_TYPE_FLOAT64: lua_pushnumber(L, value->as.float64); return;
  case POLYSHM_TYPE_STR:
  case POLYSHM_TYPE_BYTES: lua_pushlstring(L, value->as.bytes.data, (size_t)value->as.bytes.length); return;
  default: polyshm_lua_push_none(L);
  }
}

/* ---- items of lists ---- */

#if LUA_VERSION_NUM >= 503
#define POLYSHM_LUA_NUMBER_ITEM(value) POLYSHM_OK
#else
/*
 * Numbers are floats here. A whole one is meant as an integer, but -0.0, which no integer is, and what no int64 can
 * hold. Between, beyond 2^53, an integer that the script wrote may have been rounded already: refused.
 */
#define POLYSHM_LUA_NUMBER_ITEM(value) polyshm_lua_number_item(value)
static polyshm_status polyshm_lua_number_item(polyshm_value *value) {
  double number = value->as.float64, size = fabs(number);
  if (floor(number) != number || size >= 0x1p63 || (number == 0 && signbit(number)))
    return POLYSHM_OK;
  if (size > POLYSHM_LUA_EXACT)
    return polyshm_fail(POLYSHM_RANGE,
                        "%.17g is beyond 2^53, where this Lua's integers are not exact; polyshm.float() says that "
                        "it is a float",
                        number);
  value->type = POLYSHM_TYPE_INT64;
  value->as.int64 = (int64_t)number;
  return POLYSHM_OK;
}
#endif

/* Text and bytes are one type in Lua: what is UTF-8 is text. A string stays the script's. */
static polyshm_status polyshm_lua_to_item(lua_State *L, int index, polyshm_value *value) {
  const polyshm_lua_box *box;
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    polyshm_lua_to_value(L, index, value);
    return value->type == POLYSHM_TYPE_FLOAT64 ? POLYSHM_LUA_NUMBER_ITEM(value) : POLYSHM_OK;
  case LUA_TBOOLEAN:
    polyshm_lua_to_value(L, index, value);
    return POLYSHM_OK;
  case LUA_TSTRING:
    polyshm_lua_to_value(L, index, value);
    if (!polyshm_is_utf8(value->as.bytes.data, value->as.bytes.length))
      value->type = POLYSHM_TYPE_BYTES;
    return POLYSHM_OK;
  case LUA_TUSERDATA:
    box = polyshm_lua_to_box(L, index);
    if (box) {
      *value = box->value;
      return POLYSHM_OK;
    }
  }
  return polyshm_fail(POLYSHM_TYPE, "a list holds numbers, booleans, strings and polyshm.none, not %s",
                      luaL_typename(L, index));
}

static void polyshm_lua_item(lua_State *L, int index, polyshm_value *value) {
  polyshm_status status = polyshm_lua_to_item(L, index, value);
  if (status)
    polyshm_lua_raise(L, status);
}

/* The length of a plain list; raises if it is none. */
static int polyshm_lua_length(lua_State *L, int index, const char *what) {
  if (lua_type(L, index) != LUA_TTABLE)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s: a list is needed, not %s", what, luaL_typename(L, index)));
  size_t length = lua_rawlen(L, index);
  if (length > INT_MAX)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%s: the list is too long: do it in parts", what));
  return (int)length;
}

/*
 * A plain list of items, in memory that the collector frees. The values point at its strings, and so a table of our
 * own keeps them: a finaliser that runs before the core does might take them out of the script's.
 */
static const polyshm_value *polyshm_lua_items(lua_State *L, int index, int64_t *count) {
  int length = polyshm_lua_length(L, index, "values"), kept = 0;
  polyshm_value *values = lua_newuserdata(L, (size_t)length * sizeof *values);
  lua_newtable(L);
  for (int i = 0; i < length; i++) {
    lua_rawgeti(L, index, i + 1);
    polyshm_status status = polyshm_lua_to_item(L, -1, &values[i]);
    if (status)
      polyshm_lua_raise(L, polyshm_fail(status, "values[%d]: %s", i + 1, polyshm_last_error()));
    if (values[i].type == POLYSHM_TYPE_STR || values[i].type == POLYSHM_TYPE_BYTES)
      lua_rawseti(L, -2, ++kept);
    else
      lua_pop(L, 1);
  }
  *count = length;
  return values;
}

/* nil, an integer, or a list of them. */
static const int64_t *polyshm_lua_reserve(lua_State *L, int index, int64_t *one, int64_t *count) {
  *count = 0;
  if (lua_isnoneornil(L, index))
    return NULL;
  if (lua_type(L, index) != LUA_TTABLE) {
    *one = polyshm_lua_int64(L, index, "reserve");
    *count = 1;
    return one;
  }
  int length = polyshm_lua_length(L, index, "reserve");
  int64_t *reserve = lua_newuserdata(L, (size_t)length * sizeof *reserve);
  for (int i = 0; i < length; i++) {
    lua_rawgeti(L, index, i + 1);
    reserve[i] = polyshm_lua_int64(L, -1, "reserve");
    lua_pop(L, 1);
  }
  *count = length;
  return reserve;
}

/* Room for one item: the given one, which most lists are content with, or what the collector frees. */
enum { POLYSHM_LUA_BRIEF = 256 };

static void *polyshm_lua_scratch(lua_State *L, int64_t needed, void *brief, int64_t *size) {
  *size = needed > POLYSHM_LUA_BRIEF ? needed : POLYSHM_LUA_BRIEF;
  return needed > POLYSHM_LUA_BRIEF ? lua_newuserdata(L, (size_t)needed) : brief;
}

/* The bytes that get needs: no more than the item's slot has, whatever other slots there are. */
static int64_t polyshm_lua_needed(const polyshm_list *list, int64_t index) {
  int64_t needed = polyshm_list_scratch(list);
  if (needed > POLYSHM_LUA_BRIEF && polyshm_list_capacity(list, index, &needed) != POLYSHM_OK)
    needed = 0; /* get will say why */
  return needed;
}

/*
 * What was read can be written back: an unsigned integer beyond 2^63 - 1 is in Lua the negative integer of the same
 * bits, as string.pack("J"), math.ult() and %x have it.
 *
 * A Lua whose numbers are floats has already rounded an integer beyond 2^53 that the script wrote: refused, as reading
 * one is. Elsewhere a float of that size is the number that was meant.
 */
#if LUA_VERSION_NUM >= 503
/* Few values are negative: only for them is the dtype asked for. */
#define POLYSHM_LUA_CHECK_EXACT(dtype, value)                                                                \
  ((value)->type == POLYSHM_TYPE_INT64 && (value)->as.int64 < 0 && (dtype) == POLYSHM_UINT64                 \
       ? polyshm_lua_same_bits((polyshm_value *)(value))                                                     \
       : POLYSHM_OK)
static polyshm_status polyshm_lua_same_bits(polyshm_value *value) {
  value->as.uint64 = (uint64_t)value->as.int64;
  value->type = POLYSHM_TYPE_UINT64;
  return POLYSHM_OK;
}
#else
/* Few values are that large: only for them is the dtype asked for. */
#define POLYSHM_LUA_CHECK_EXACT(dtype, value)                                                                \
  ((value)->type == POLYSHM_TYPE_FLOAT64 && fabs((value)->as.float64) > POLYSHM_LUA_EXACT                    \
       ? polyshm_lua_check_exact(dtype, value)                                                               \
       : POLYSHM_OK)
static polyshm_status polyshm_lua_check_exact(polyshm_dtype dtype, const polyshm_value *value) {
  if ((dtype != POLYSHM_INT64 && dtype != POLYSHM_UINT64) || !isfinite(value->as.float64))
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_RANGE, "%.17g is beyond 2^53, where this Lua's numbers are not exact",
                      value->as.float64);
}
#endif

static inline void polyshm_lua_list_value(lua_State *L, int index, polyshm_value *value, const polyshm_list *list) {
  (void)list;
  polyshm_lua_item(L, index, value);
}

static inline void polyshm_lua_view_value(lua_State *L, int index, polyshm_value *value, const polyshm_view *view) {
  polyshm_lua_to_value(L, index, value);
  (void)view;
  polyshm_status status = POLYSHM_LUA_CHECK_EXACT(polyshm_view_dtype(view), value);
  if (status)
    polyshm_lua_raise(L, status);
}

/* The dtype comes before the value, and is looked at behind the other arguments. */
static inline void polyshm_lua_segment_value(lua_State *L, int index, polyshm_value *value,
                                             const polyshm_segment *segment) {
  (void)segment;
  polyshm_lua_to_value(L, index, value);
}

/*
 * A plain list of numbers as elements, in memory that the collector frees; all are converted before any is written.
 * Floats into float64, the commonest list, need no conversion: that saves a third of the time.
 */
static const void *polyshm_lua_pack(lua_State *L, int index, const polyshm_view *view, int64_t *count) {
  polyshm_dtype dtype = polyshm_view_dtype(view);
  int64_t itemsize = polyshm_dtype_itemsize(dtype), length = polyshm_lua_length(L, index, "assign");
  void *elements = lua_newuserdata(L, (size_t)(length * itemsize));
  for (int i = 0; i < length; i++) {
    polyshm_value value;
    lua_rawgeti(L, index, i + 1);
    polyshm_lua_to_value(L, -1, &value);
    lua_pop(L, 1);
    if (value.type == POLYSHM_TYPE_FLOAT64 && dtype == POLYSHM_FLOAT64) {
      ((double *)elements)[i] = value.as.float64;
      continue;
    }
    polyshm_status status = POLYSHM_LUA_CHECK_EXACT(dtype, &value);
    if (!status)
      status = polyshm_dtype_pack(dtype, &value, (char *)elements + i * itemsize);
    if (status)
      polyshm_lua_raise(L, polyshm_fail(status, "assign: list[%d]: %s", i + 1, polyshm_last_error()));
  }
  *count = length;
  return elements;
}

struct polyshm_lua_taking {
  lua_State *L;
  polyshm_dtype dtype;
  int64_t expected, taken;
};

#define POLYSHM_LUA_PUSH(L, element)                                                                         \
  _Generic(element, float: lua_pushnumber, double: lua_pushnumber, uint64_t: polyshm_lua_push_uint64,        \
           default: polyshm_lua_push_int64)(L, element)

/* The table is made with the first piece: not before the core has found the range good. */
static polyshm_status polyshm_lua_begin_take(const struct polyshm_lua_taking *taking) {
  if (taking->expected > INT_MAX)
    return polyshm_fail(POLYSHM_RANGE, "totable: too long for a table: do it in parts");
  if (!taking->taken)
    lua_createtable(taking->L, (int)taking->expected, 0);
  return POLYSHM_OK;
}

static polyshm_status polyshm_lua_take(const void *elements, int64_t count, void *context) {
  struct polyshm_lua_taking *taking = context;
  lua_State *L = taking->L;
  polyshm_status status = polyshm_lua_begin_take(taking);
  if (status)
    return status;
  int slot = (int)taking->taken;
  switch (taking->dtype) {
#define TAKE(NAME, name, type)                                                                               \
  case POLYSHM_##NAME:                                                                                       \
    for (const type *element = elements, *end = element + count; element < end; element++) {                 \
      POLYSHM_LUA_PUSH(L, *element);                                                                         \
      lua_rawseti(L, -2, ++slot);                                                                            \
    }                                                                                                        \
    break;
    POLYSHM_DTYPE_MAP(TAKE)
#undef TAKE
  }
  taking->taken += count;
  return POLYSHM_OK;
}

static polyshm_status polyshm_lua_take_item(const polyshm_value *value, void *context) {
  struct polyshm_lua_taking *taking = context;
  polyshm_status status = polyshm_lua_begin_take(taking);
  if (status)
    return status;
  polyshm_lua_push_value(taking->L, value);
  lua_rawseti(taking->L, -2, (int)++taking->taken);
  return POLYSHM_OK;
}

/*
 * The list of all segments. The visitor must return to the core, so what may fail for want of memory is called
 * protected; what it needs lies ready on the stack: the list, the function, and a userdata that points at the segment.
 */
static int polyshm_lua_add_info(lua_State *L) {
  const polyshm_segment_info *info = *(const polyshm_segment_info **)lua_touserdata(L, 2);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, info->name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, info->kind);
  lua_setfield(L, -2, "kind");
  polyshm_lua_push_int64(L, info->size);
  lua_setfield(L, -2, "size");
  polyshm_lua_push_int64(L, info->mode);
  lua_setfield(L, -2, "mode");
  polyshm_lua_push_int64(L, info->owner);
  lua_setfield(L, -2, "owner");
  lua_rawseti(L, 1, (int)lua_rawlen(L, 1) + 1);
  return 0;
}

struct polyshm_lua_visiting {
  lua_State *L;
  const polyshm_segment_info **info;
  int list;
};

static void polyshm_lua_begin_visit(lua_State *L, struct polyshm_lua_visiting *visiting) {
  lua_newtable(L);
  *visiting = (struct polyshm_lua_visiting){.L = L, .list = lua_gettop(L)};
  lua_pushcfunction(L, polyshm_lua_add_info);
  visiting->info = lua_newuserdata(L, sizeof *visiting->info);
}

static polyshm_status polyshm_lua_visit(const polyshm_segment_info *info, void *context) {
  struct polyshm_lua_visiting *visiting = context;
  lua_State *L = visiting->L;
  *visiting->info = info;
  lua_pushvalue(L, visiting->list + 1);
  lua_pushvalue(L, visiting->list);
  lua_pushvalue(L, visiting->list + 2);
  if (lua_pcall(L, 2, 0, 0) == 0)
    return POLYSHM_OK;
  lua_pop(L, 1); /* "not enough memory" is all it can be */
  return polyshm_fail(POLYSHM_ENOMEM, "segments: %s", polyshm_status_text(POLYSHM_ENOMEM));
}
%}

%native(none) int polyshm_lua_none(lua_State *L);
%native(as_str) int polyshm_lua_str(lua_State *L);
%native(as_bytes) int polyshm_lua_box_bytes(lua_State *L);
%native(as_float) int polyshm_lua_float(lua_State *L);

%init %{
  if (luaL_newmetatable(L, POLYSHM_LUA_BOX)) {
    lua_pushcfunction(L, polyshm_lua_box_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, POLYSHM_LUA_BOX);
    lua_setfield(L, -2, "__metatable");
    lua_pushlightuserdata(L, (void *)&polyshm_lua_box_mark);
    polyshm_lua_new_box(L, POLYSHM_TYPE_NONE, 0);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  lua_pop(L, 1);
%}

/* A list's items have kinds of their own; all else takes numbers. */
%typemap(in, noblock=1) const polyshm_value *value (polyshm_value value) {
  _Generic(arg1, polyshm_list *: polyshm_lua_list_value, polyshm_view *: polyshm_lua_view_value,
           default: polyshm_lua_segment_value)(L, $input, &value, arg1);
  $1 = &value;
}
%apply const polyshm_value *value { const polyshm_value *expected, const polyshm_value *replacement }

%exception polyshm_segment::set_value %{
  result = POLYSHM_LUA_CHECK_EXACT(arg2, arg4);
  if (result) polyshm_lua_raise(L, result);
  $action
%}

%typemap(in, numinputs=0, noblock=1) polyshm_value *out (polyshm_value value) { $1 = &value; }
%typemap(argout, noblock=1) polyshm_value *out { polyshm_lua_push_value(L, &value$argnum); SWIG_arg++; }

%typemap(in, noblock=1) (const void *elements, int64_t count) {
  $1 = ($1_ltype)polyshm_lua_pack(L, $input, arg1, &$2);
}

%typemap(in, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) (struct polyshm_lua_taking taking) {
  $1 = polyshm_lua_int64(L, $input, "$1_name");
  taking = (struct polyshm_lua_taking){.L = L, .dtype = polyshm_view_dtype(arg1), .expected = $1};
  $2 = polyshm_lua_take;
  $3 = &taking;
}
%typemap(argout, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) {
  if (!taking$argnum.taken) lua_newtable(L);
  SWIG_arg++;
}

%typemap(in, numinputs=0, noblock=1) (polyshm_segment_visit *visit, void *context)
                                     (struct polyshm_lua_visiting visiting) {
  $1 = polyshm_lua_visit;
  $2 = &visiting;
}
%typemap(check, noblock=1) (polyshm_segment_visit *visit, void *context) {
  polyshm_lua_begin_visit(L, &visiting$argnum);
}
%typemap(argout, noblock=1) (polyshm_segment_visit *visit, void *context) {
  lua_settop(L, visiting$argnum.list); SWIG_arg++;
}

%typemap(in, noblock=1) (const polyshm_value *values, int64_t count) {
  $1 = ($1_ltype)polyshm_lua_items(L, $input, &$2);
}

%typemap(in, noblock=1) (const int64_t *reserve, int64_t reserve_count) (int64_t one) {
  $1 = ($1_ltype)polyshm_lua_reserve(L, $input, &one, &$2);
}

%typemap(in, numinputs=0, noblock=1) (void *scratch, int64_t size) (char brief[POLYSHM_LUA_BRIEF]) { $1 = brief; }
%typemap(check, noblock=1) (void *scratch, int64_t size) {
  $1 = polyshm_lua_scratch(L, polyshm_list_scratch(arg1), brief$argnum, &$2);
}

%typemap(in, numinputs=0, noblock=1) (void *scratch, int64_t size, polyshm_value *out)
                                     (char brief[POLYSHM_LUA_BRIEF], polyshm_value value) {
  $1 = brief;
  $3 = &value;
}
%typemap(check, noblock=1) (void *scratch, int64_t size, polyshm_value *out) {
  $1 = polyshm_lua_scratch(L, polyshm_lua_needed(arg1, arg2), brief$argnum, &$2);
}
%typemap(argout, noblock=1) (void *scratch, int64_t size, polyshm_value *out) {
  polyshm_lua_push_value(L, &value$argnum); SWIG_arg++;
}

%typemap(in, numinputs=0, noblock=1) (polyshm_list_visit *visit, void *context) (struct polyshm_lua_taking taking) {
  $1 = polyshm_lua_take_item;
  $2 = &taking;
}
%typemap(check, noblock=1) (polyshm_list_visit *visit, void *context) {
  taking$argnum = (struct polyshm_lua_taking){.L = L, .expected = arg3};
}
%typemap(argout, noblock=1) (polyshm_list_visit *visit, void *context) {
  if (!taking$argnum.taken) lua_newtable(L);
  SWIG_arg++;
}

%typemap(in, numinputs=0, noblock=1) polyshm_list_format_text *out (polyshm_list_format_text format) { $1 = &format; }
%typemap(argout, noblock=1) polyshm_list_format_text *out { lua_pushstring(L, format$argnum.text); SWIG_arg++; }
