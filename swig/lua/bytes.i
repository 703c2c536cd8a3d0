/*
 * bytes.i: text and bytes, where SWIG would take numbers for strings and cut at the first NUL. Lua's strings are bytes,
 * which the caller's stack keeps.
 */
%{
typedef char host_text;
#define HOST_NO_TEXT 0
#define host_free_text(text) ((void)(text))

static polyshm_status host_to_bytes(lua_State *L, int index, const char *what, host_text *text, void **data, int64_t *length) {
  (void)text;
  if (lua_type(L, index) != LUA_TSTRING)
    return polyshm_fail(POLYSHM_TYPE, "%s: a string is needed, not %s", what, luaL_typename(L, index));
  size_t size = 0;
  *data = (void *)(uintptr_t)lua_tolstring(L, index, &size);
  *length = (int64_t)size;
  return POLYSHM_OK;
}

/* A name: text that C can hold; NULL for nil. */
static polyshm_status host_to_text(lua_State *L, int index, const char *what, host_text *text, char **out) {
  void *data = NULL;
  int64_t length = 0;
  *out = NULL;
  polyshm_status status = host_absent(L, index) ? POLYSHM_OK : host_to_bytes(L, index, what, text, &data, &length);
  if (status || !data)
    return status;
  if (strlen(data) != (size_t)length)
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: \"%.40s...\" has a NUL inside", what, (char *)data);
  *out = data;
  return POLYSHM_OK;
}

static polyshm_status host_dtype(lua_State *L, int index, polyshm_dtype *dtype) {
  if (lua_type(L, index) != LUA_TSTRING)
    return polyshm_fail(POLYSHM_TYPE, "dtype: a name such as \"float64\" is needed, not %s", luaL_typename(L, index));
  char *name = NULL;
  host_text text = HOST_NO_TEXT;
  polyshm_status status = host_to_text(L, index, "dtype", &text, &name);
  return status ? status : polyshm_dtype_from_name(name, dtype);
}

static int host_new_text(lua_State *L, const char *text) {
  lua_pushstring(L, text);
  return -1;
}

static int host_new_dtype(lua_State *L, polyshm_dtype dtype) {
  return host_new_text(L, polyshm_dtype_name(dtype));
}

/*
 * A range of a segment. Other processes may change the bytes while we look. Where Lua hashes a string as it makes it, it
 * must have bytes of its own, or two strings of one content would not be equal: short strings from 5.2 on, all strings
 * before that. Long ones are copied straight from the segment, once.
 */
static polyshm_status host_new_shared(lua_State *L, const polyshm_segment *segment, int64_t offset, int64_t length,
                                      const void *data, int *made) {
  char brief[256]; /* Lua's own limit of a short string is 40 */
  size_t size = (size_t)length;
  (void)segment;
  (void)offset;
  if (size <= sizeof brief)
    data = memcpy(brief, data, size);
#if LUA_VERSION_NUM < 502
  else
    data = memcpy(lua_newuserdata(L, size), data, size);
#endif
  lua_pushlstring(L, data, size);
  *made = -1;
  return POLYSHM_OK;
}
%}
