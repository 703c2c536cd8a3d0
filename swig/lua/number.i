/*
 * number.i: integers and seconds, where SWIG would go through lua_Number: it rounds beyond 2^53, cuts fractions off,
 * and takes "12". Only numbers are numbers here. An integral float is an integer, as everywhere in Lua.
 *
 * Lua 5.1, 5.2 and LuaJIT have floats only, which tell integers apart up to 2^53: a result beyond that is an error,
 * never rounded. Arguments are not limited to it: what is rounded there is far outside every segment.
 */
%{
#if LUA_VERSION_NUM >= 503
_Static_assert(sizeof(lua_Integer) == 8, "polyshm needs a Lua with 64-bit integers");
#endif
#define POLYSHM_LUA_EXACT 9007199254740992 /* 2^53 */

static inline bool host_absent(lua_State *L, int index) {
  return lua_isnoneornil(L, index);
}
#define host_left_out host_absent

static polyshm_status polyshm_lua_no_integer(lua_State *L, int index, const char *what) {
  if (lua_type(L, index) != LUA_TNUMBER)
    return polyshm_fail(POLYSHM_TYPE, "%s: an integer is needed, not %s", what, luaL_typename(L, index));
  double number = lua_tonumber(L, index);
  if (number >= 0x1p63 || number < -0x1p63)
    return polyshm_fail(POLYSHM_RANGE, "%s: %.17g does not fit 64 bits", what, number);
  return polyshm_fail(POLYSHM_TYPE, "%s: an integer is needed, not %.17g", what, number);
}

static inline polyshm_status host_integer(lua_State *L, int index, const char *what, int64_t *integer) {
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, index)) {
    *integer = lua_tointeger(L, index);
    return POLYSHM_OK;
  }
#endif
  if (lua_type(L, index) == LUA_TNUMBER) {
    double number = lua_tonumber(L, index);
    if (number >= -0x1p63 && number < 0x1p63 && (double)(int64_t)number == number) {
      *integer = (int64_t)number;
      return POLYSHM_OK;
    }
  }
  return polyshm_lua_no_integer(L, index, what);
}

static polyshm_status host_seconds(lua_State *L, int index, double *seconds) {
  if (lua_type(L, index) != LUA_TNUMBER)
    return polyshm_fail(POLYSHM_TYPE, "timeout: seconds are a number, not %s", luaL_typename(L, index));
  *seconds = lua_tonumber(L, index);
  return POLYSHM_OK;
}

static inline int host_new_bool(lua_State *L, bool truth) {
  lua_pushboolean(L, truth);
  return -1;
}

static inline int host_new_float(lua_State *L, double number) {
  lua_pushnumber(L, number);
  return -1;
}

#if LUA_VERSION_NUM >= 503
static inline int host_new_int64(lua_State *L, int64_t number) {
  lua_pushinteger(L, number);
  return -1;
}
/* Beyond 2^63 - 1 the same bits as a negative integer, which math.ult() and %x read as unsigned. */
static inline int host_new_uint64(lua_State *L, uint64_t number) {
  lua_pushinteger(L, (lua_Integer)number);
  return -1;
}
#else
static inline int host_new_int64(lua_State *L, int64_t number) {
  if (number > POLYSHM_LUA_EXACT || number < -POLYSHM_LUA_EXACT)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%lld is beyond 2^53, where this Lua's numbers are not exact",
                                      (long long)number));
  lua_pushnumber(L, (lua_Number)number);
  return -1;
}
static inline int host_new_uint64(lua_State *L, uint64_t number) {
  if (number > POLYSHM_LUA_EXACT)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%llu is beyond 2^53, where this Lua's numbers are not exact",
                                      (unsigned long long)number));
  lua_pushnumber(L, (lua_Number)number);
  return -1;
}
#endif
%}

%typemap(consttab) int64_t { SWIG_LUA_CONSTTAB_INT("$symname", $value) }
