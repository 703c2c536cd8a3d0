/*
 * value.i: polyshm_value, lists of them as tables, and memory for them. SWIG knows none of these types.
 */
%{
/* What a script's string needs to live on: nothing, as its stack keeps it. */
typedef char host_hold;
#define HOST_NOTHING_HELD 0
#define host_let_go(hold) ((void)(hold))

/* Memory that the collector frees, kept by the call's stack. */
typedef char host_memory;
#define HOST_NO_MEMORY 0
#define host_free(memory) ((void)(memory))

static polyshm_status host_allocate(lua_State *L, host_memory *memory, int64_t bytes, void **allocated) {
  (void)memory;
  *allocated = lua_newuserdata(L, (size_t)bytes);
  return POLYSHM_OK;
}

/* ---- values ---- */

static polyshm_status polyshm_lua_other_value(lua_State *L, int index, polyshm_value *value) {
  size_t length = 0;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
  case LUA_TNONE:
    value->type = POLYSHM_TYPE_NONE;
    return POLYSHM_OK;
  case LUA_TBOOLEAN:
    value->type = POLYSHM_TYPE_BOOL;
    value->as.boolean = lua_toboolean(L, index);
    return POLYSHM_OK;
  case LUA_TSTRING:
    value->type = POLYSHM_TYPE_STR;
    value->as.bytes.data = lua_tolstring(L, index, &length);
    value->as.bytes.length = (int64_t)length;
    return POLYSHM_OK;
  default:
    return polyshm_fail(POLYSHM_TYPE, "value: a number is needed, not %s", luaL_typename(L, index));
  }
}

__attribute__((always_inline)) static inline polyshm_status polyshm_lua_to_value(lua_State *L, int index, polyshm_value *value) {
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, index)) {
    value->type = POLYSHM_TYPE_INT64;
    value->as.int64 = lua_tointeger(L, index);
    return POLYSHM_OK;
  }
#endif
  if (lua_type(L, index) != LUA_TNUMBER)
    return polyshm_lua_other_value(L, index, value);
  value->type = POLYSHM_TYPE_FLOAT64;
  value->as.float64 = lua_tonumber(L, index);
  return POLYSHM_OK;
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

static inline polyshm_status host_new_value(lua_State *L, const polyshm_value *value, int *made) {
  *made = -1;
  switch (value->type) {
  case POLYSHM_TYPE_BOOL: lua_pushboolean(L, value->as.boolean); break;
  case POLYSHM_TYPE_INT64: host_new_int64(L, value->as.int64); break;
  case POLYSHM_TYPE_UINT64: host_new_uint64(L, value->as.uint64); break;
  case POLYSHM_TYPE_FLOAT64: lua_pushnumber(L, value->as.float64); break;
  case POLYSHM_TYPE_STR:
  case POLYSHM_TYPE_BYTES: lua_pushlstring(L, value->as.bytes.data, (size_t)value->as.bytes.length); break;
  default: polyshm_lua_push_none(L);
  }
  return POLYSHM_OK;
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
static polyshm_status host_item(lua_State *L, int index, polyshm_value *value, host_hold *hold) {
  (void)hold;
  const polyshm_lua_box *box;
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    (void)polyshm_lua_to_value(L, index, value);
    return value->type == POLYSHM_TYPE_FLOAT64 ? POLYSHM_LUA_NUMBER_ITEM(value) : POLYSHM_OK;
  case LUA_TBOOLEAN:
    return polyshm_lua_to_value(L, index, value);
  case LUA_TSTRING:
    (void)polyshm_lua_to_value(L, index, value);
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

/* ---- numbers ---- */

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

/* A macro, so that most numbers cost no look at the dtype. */
#define host_number(L, index, dtype, value, hold)                                                            \
  __extension__({                                                                                            \
    polyshm_status converted = polyshm_lua_to_value(L, index, value);                                        \
    (void)(hold);                                                                                            \
    converted ? converted : POLYSHM_LUA_CHECK_EXACT(dtype, value);                                           \
  })

/* ---- lists ---- */

/* How messages name the places of a list. */
#define HOST_ELEMENT "list[%lld]"
#define HOST_ITEM "values[%lld]"
#define HOST_FIRST 1

static bool host_is_list(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TTABLE;
}

static polyshm_status host_list_length(lua_State *L, int index, const char *what, int64_t *length) {
  if (!host_is_list(L, index))
    return polyshm_fail(POLYSHM_TYPE, "%s: a list is needed, not %s", what, luaL_typename(L, index));
  *length = (int64_t)lua_rawlen(L, index);
  return *length <= INT_MAX ? POLYSHM_OK : polyshm_fail(POLYSHM_RANGE, "%s: the list is too long: do it in parts", what);
}

static inline int host_list_item(lua_State *L, int index, int64_t i) {
  lua_rawgeti(L, index, (int)i + 1);
  return -1;
}

#define host_drop(L, item, hold) ((void)(item), (void)(hold), lua_pop(L, 1))

/* The table that is made is on top of the stack. */
typedef char host_list;
#define host_list_free(L, list, taken) ((void)(list))
#define host_list_status(L, list) POLYSHM_OK
#define host_list_end(L, list, taken) (-1)

static polyshm_status host_list_begin(lua_State *L, host_list *list, int64_t count) {
  (void)list;
  if (count > INT_MAX)
    return polyshm_fail(POLYSHM_RANGE, "totable: too long for a table: do it in parts");
  lua_createtable(L, (int)count, 0);
  return POLYSHM_OK;
}

#define host_list_put(L, list, index, item) ((void)(item), lua_rawseti(L, -2, (int)(index) + 1))

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
  (void)host_new_int64(L, info->size);
  lua_setfield(L, -2, "size");
  (void)host_new_int64(L, info->mode);
  lua_setfield(L, -2, "mode");
  (void)host_new_int64(L, info->owner);
  lua_setfield(L, -2, "owner");
  lua_rawseti(L, 1, (int)lua_rawlen(L, 1) + 1);
  return 0;
}

typedef struct host_visiting {
  lua_State *L;
  const polyshm_segment_info **info;
  int list;
} host_visiting;

static polyshm_status host_begin_visit(lua_State *L, host_visiting *visiting) {
  lua_newtable(L);
  *visiting = (host_visiting){.L = L, .list = lua_gettop(L)};
  lua_pushcfunction(L, polyshm_lua_add_info);
  visiting->info = lua_newuserdata(L, sizeof *visiting->info);
  return POLYSHM_OK;
}

static int host_end_visit(lua_State *L, host_visiting *visiting) {
  lua_settop(L, visiting->list);
  return -1;
}

static polyshm_status host_visit(const polyshm_segment_info *info, void *context) {
  host_visiting *visiting = context;
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
