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

_Noreturn static void polyshm_lua_no_integer(lua_State *L, int index, const char *what) {
  if (lua_type(L, index) != LUA_TNUMBER)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s: an integer is needed, not %s", what, luaL_typename(L, index)));
  double number = lua_tonumber(L, index);
  if (number >= 0x1p63 || number < -0x1p63)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%s: %.17g does not fit 64 bits", what, number));
  polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s: an integer is needed, not %.17g", what, number));
}

static inline int64_t polyshm_lua_int64(lua_State *L, int index, const char *what) {
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, index))
    return lua_tointeger(L, index);
#endif
  if (lua_type(L, index) == LUA_TNUMBER) {
    double number = lua_tonumber(L, index);
    if (number >= -0x1p63 && number < 0x1p63 && (double)(int64_t)number == number)
      return (int64_t)number;
  }
  polyshm_lua_no_integer(L, index, what);
}

static int64_t polyshm_lua_nanoseconds(lua_State *L, int index, const char *what) {
  if (lua_isnoneornil(L, index))
    return -1;
  if (lua_type(L, index) != LUA_TNUMBER)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s: seconds are a number, not %s", what,
                                             luaL_typename(L, index)));
  double seconds = lua_tonumber(L, index);
  if (!(seconds >= 0))
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%s: %.17g seconds are no time to wait", what, seconds));
  return seconds < 9e9 ? (int64_t)(seconds * 1e9) : INT64_MAX;
}

#if LUA_VERSION_NUM >= 503
static inline void polyshm_lua_push_int64(lua_State *L, int64_t number) {
  lua_pushinteger(L, number);
}
/* Beyond 2^63 - 1 the same bits as a negative integer, which math.ult() and %x read as unsigned. */
static inline void polyshm_lua_push_uint64(lua_State *L, uint64_t number) {
  lua_pushinteger(L, (lua_Integer)number);
}
#else
static inline void polyshm_lua_push_int64(lua_State *L, int64_t number) {
  if (number > POLYSHM_LUA_EXACT || number < -POLYSHM_LUA_EXACT)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%lld is beyond 2^53, where this Lua's numbers are not exact",
                                      (long long)number));
  lua_pushnumber(L, (lua_Number)number);
}
static inline void polyshm_lua_push_uint64(lua_State *L, uint64_t number) {
  if (number > POLYSHM_LUA_EXACT)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_RANGE, "%llu is beyond 2^53, where this Lua's numbers are not exact",
                                      (unsigned long long)number));
  lua_pushnumber(L, (lua_Number)number);
}
#endif
%}

%typemap(in, noblock=1) int64_t { $1 = polyshm_lua_int64(L, $input, "$1_name"); }
%typemap(in, noblock=1) int64_t timeout { $1 = polyshm_lua_nanoseconds(L, $input, "$1_name"); }
%typemap(out, noblock=1) int64_t { polyshm_lua_push_int64(L, $1); SWIG_arg++; }
%typemap(consttab) int64_t { SWIG_LUA_CONSTTAB_INT("$symname", $value) }

%typemap(in, numinputs=0, noblock=1) uint64_t *out (uint64_t number) { $1 = &number; }
%typemap(argout, noblock=1) uint64_t *out { polyshm_lua_push_uint64(L, number$argnum); SWIG_arg++; }

%typemap(in, numinputs=0, noblock=1) int64_t *out (int64_t integer) { $1 = &integer; }
%typemap(argout, noblock=1) int64_t *out { polyshm_lua_push_int64(L, integer$argnum); SWIG_arg++; }

%typemap(in, numinputs=0, noblock=1) bool *out (bool truth) { $1 = &truth; }
%typemap(argout, noblock=1) bool *out { lua_pushboolean(L, truth$argnum); SWIG_arg++; }
%typemap(out, noblock=1) bool { lua_pushboolean(L, $1); SWIG_arg++; }
