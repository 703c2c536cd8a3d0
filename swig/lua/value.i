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
    value->kind = POLYSHM_KIND_NONE;
    return;
  case LUA_TBOOLEAN:
    value->kind = POLYSHM_KIND_BOOL;
    value->as.boolean = lua_toboolean(L, index);
    return;
  case LUA_TSTRING:
    value->kind = POLYSHM_KIND_STR;
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
    value->kind = POLYSHM_KIND_INT64;
    value->as.int64 = lua_tointeger(L, index);
    return;
  }
#endif
  if (lua_type(L, index) != LUA_TNUMBER) {
    polyshm_lua_other_value(L, index, value);
    return;
  }
  value->kind = POLYSHM_KIND_FLOAT64;
  value->as.float64 = lua_tonumber(L, index);
}

static void polyshm_lua_push_value(lua_State *L, const polyshm_value *value) {
  switch (value->kind) {
  case POLYSHM_KIND_BOOL: lua_pushboolean(L, value->as.boolean); return;
  case POLYSHM_KIND_INT64: polyshm_lua_push_int64(L, value->as.int64); return;
  case POLYSHM_KIND_UINT64: polyshm_lua_push_uint64(L, value->as.uint64); return;
  case POLYSHM_KIND_FLOAT64: lua_pushnumber(L, value->as.float64); return;
  case POLYSHM_KIND_STR:
  case POLYSHM_KIND_BYTES: lua_pushlstring(L, value->as.bytes.data, (size_t)value->as.bytes.length); return;
  default: lua_pushnil(L);
  }
}

/*
 * A Lua whose numbers are floats has already rounded an integer beyond 2^53 that the script wrote: refused, as reading
 * one is. Elsewhere a float of that size is the number that was meant.
 */
#if LUA_VERSION_NUM >= 503
#define POLYSHM_LUA_CHECK_EXACT(dtype, value) POLYSHM_OK
#else
/* Few values are that large: only for them is the dtype asked for. */
#define POLYSHM_LUA_CHECK_EXACT(dtype, value)                                                                \
  ((value)->kind == POLYSHM_KIND_FLOAT64 && fabs((value)->as.float64) > POLYSHM_LUA_EXACT                    \
       ? polyshm_lua_check_exact(dtype, value)                                                               \
       : POLYSHM_OK)
static polyshm_status polyshm_lua_check_exact(polyshm_dtype dtype, const polyshm_value *value) {
  if ((dtype != POLYSHM_INT64 && dtype != POLYSHM_UINT64) || !isfinite(value->as.float64))
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_RANGE, "%.17g is beyond 2^53, where this Lua's numbers are not exact",
                      value->as.float64);
}
#endif

/*
 * A plain list of numbers as elements, in memory that the collector frees; all are converted before any is written.
 * Floats into float64, the commonest list, need no conversion: that saves a third of the time.
 */
static const void *polyshm_lua_pack(lua_State *L, int index, const polyshm_view *view, int64_t *count) {
  if (lua_type(L, index) != LUA_TTABLE)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "assign: a list is needed, not %s", luaL_typename(L, index)));
  polyshm_dtype dtype = polyshm_view_dtype(view);
  int64_t itemsize = polyshm_dtype_itemsize(dtype), length = (int64_t)lua_rawlen(L, index);
  if (length > INT_MAX)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "assign: the list is too long: do it in parts"));
  void *elements = lua_newuserdata(L, (size_t)(length * itemsize));
  for (int i = 0; i < length; i++) {
    polyshm_value value;
    lua_rawgeti(L, index, i + 1);
    polyshm_lua_to_value(L, -1, &value);
    lua_pop(L, 1);
    if (value.kind == POLYSHM_KIND_FLOAT64 && dtype == POLYSHM_FLOAT64) {
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
static polyshm_status polyshm_lua_take(const void *elements, int64_t count, void *context) {
  struct polyshm_lua_taking *taking = context;
  lua_State *L = taking->L;
  if (taking->expected > INT_MAX)
    return polyshm_fail(POLYSHM_RANGE, "totable: too long for a table: do it in parts");
  if (!taking->taken)
    lua_createtable(L, (int)taking->expected, 0);
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

%typemap(in, noblock=1) const polyshm_value *value (polyshm_value value) {
  polyshm_lua_to_value(L, $input, &value);
  $1 = &value;
}

/* %exact(method, dtype, value): a method that takes such a value. */
%define %exact(method, dtype, value)
%exception method %{
  result = POLYSHM_LUA_CHECK_EXACT(dtype, value);
  if (result) polyshm_lua_raise(L, result);
  $action
%}
%enddef
%exact(polyshm_view::set, polyshm_view_dtype(arg1), arg3)
%exact(polyshm_view::fill, polyshm_view_dtype(arg1), arg2)
%exact(polyshm_segment::set_value, arg2, arg4)

%typemap(in, numinputs=0, noblock=1) polyshm_value *out (polyshm_value value) { $1 = &value; }
%typemap(argout, noblock=1) polyshm_value *out { polyshm_lua_push_value(L, &value$argnum); SWIG_arg++; }

%typemap(in, noblock=1) (const void *elements, int64_t count) {
  $1 = ($1_ltype)polyshm_lua_pack(L, $input, arg1, &$2);
}

%typemap(in, noblock=1) (int64_t count, polyshm_view_take *take, void *context) (struct polyshm_lua_taking taking) {
  $1 = polyshm_lua_int64(L, $input, "$1_name");
  taking = (struct polyshm_lua_taking){.L = L, .dtype = polyshm_view_dtype(arg1), .expected = $1};
  $2 = polyshm_lua_take;
  $3 = &taking;
}
%typemap(argout, noblock=1) (int64_t count, polyshm_view_take *take, void *context) {
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
