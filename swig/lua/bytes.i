/*
 * bytes.i: text and bytes, where SWIG would take numbers for strings and cut at the first NUL. Lua's strings are bytes.
 */
%{
/* A name: text that C can hold; NULL for nil. */
static const char *polyshm_lua_text(lua_State *L, int index, const char *what) {
  size_t length = 0;
  if (lua_isnoneornil(L, index))
    return NULL;
  if (lua_type(L, index) != LUA_TSTRING)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s: a string is needed, not %s", what, luaL_typename(L, index)));
  const char *text = lua_tolstring(L, index, &length);
  if (strlen(text) != length)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_ARGUMENT, "%s: \"%.40s...\" has a NUL inside", what, text));
  return text;
}

static polyshm_dtype polyshm_lua_dtype(lua_State *L, int index) {
  polyshm_dtype dtype = 0;
  if (lua_type(L, index) != LUA_TSTRING)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "dtype: a name such as \"float64\" is needed, not %s",
                                      luaL_typename(L, index)));
  polyshm_status status = polyshm_dtype_from_name(polyshm_lua_text(L, index, "dtype"), &dtype);
  if (status)
    polyshm_lua_raise(L, status);
  return dtype;
}

static const char *polyshm_lua_bytes(lua_State *L, int index, int64_t *length, const char *what) {
  if (lua_type(L, index) != LUA_TSTRING)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s: a string is needed, not %s", what, luaL_typename(L, index)));
  size_t size = 0;
  const char *data = lua_tolstring(L, index, &size);
  *length = (int64_t)size;
  return data;
}

/*
 * Other processes may change the bytes while we look. Where Lua hashes a string as it makes it, it must have bytes of
 * its own, or two strings of one content would not be equal: short strings from 5.2 on, all strings before that. Long
 * ones are copied straight from the segment, once.
 */
static void polyshm_lua_push_shared(lua_State *L, const void *data, int64_t length) {
  char brief[256]; /* Lua's own limit of a short string is 40 */
  size_t size = (size_t)length;
  if (size <= sizeof brief) {
    memcpy(brief, data, size);
    lua_pushlstring(L, brief, size);
    return;
  }
#if LUA_VERSION_NUM < 502
  data = memcpy(lua_newuserdata(L, size), data, size);
#endif
  lua_pushlstring(L, data, size);
}
%}

%typemap(in, noblock=1) const char *name, const char *path { $1 = ($1_ltype)polyshm_lua_text(L, $input, "$1_name"); }
%typemap(out, noblock=1) const char * { lua_pushstring(L, $1); SWIG_arg++; }

%typemap(in, noblock=1) polyshm_dtype { $1 = polyshm_lua_dtype(L, $input); }
%typemap(out, noblock=1) polyshm_dtype { lua_pushstring(L, polyshm_dtype_name($1)); SWIG_arg++; }

%typemap(in, noblock=1) (const void *data, int64_t length) {
  $1 = ($1_ltype)polyshm_lua_bytes(L, $input, &$2, "$1_name");
}

%typemap(in, noblock=1) (int64_t length, const void **data) (void *bytes) {
  $1 = polyshm_lua_int64(L, $input, "$1_name");
  bytes = NULL;
  $2 = &bytes;
}
%typemap(argout, noblock=1) (int64_t length, const void **data) {
  polyshm_lua_push_shared(L, bytes$argnum, $1); SWIG_arg++;
}
