/*
 * status.i: polyshm_status, where SWIG would return a number. Misuse is raised, as error() raises; failures of the
 * system in the calls that a program expects to fail come back as nil, error. Both give the same table: code
 * ("EEXIST"), errno (nil for misuse), message; tostring() joins them. A raised one also has `position`, the line of
 * the script, because Lua itself adds one to strings only.
 *
 * It also replaces what SWIG does before each call, and what it would leave among the globals.
 */
%{
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef lua_State *host_context;
typedef int host_object; /* where it is on the stack */
#define HOST L
/* A missing argument is as good as nil and a surplus one is ignored, as in any Lua function: each typemap looks at its
 * own argument. SWIG would raise a text of its own. An optional one gets its place, which typemaps would else fill. */
#undef SWIG_check_num_args
#define SWIG_check_num_args(name, least, most) ((least) < (most) ? lua_settop(L, most) : (void)0);

/* From here on SWIG uses this only to put swig_type and swig_equals among the globals. */
#undef SWIG_Lua_add_function
#define SWIG_Lua_add_function(L, name, function) ((void)(function))

#define POLYSHM_LUA_ERROR "polyshm.Error"

static bool polyshm_lua_is_facade(const char *source) {
  static const char file[] = "polyshm.lua";
  size_t length = strlen(source);
  return length >= sizeof file - 1 && strcmp(source + length - (sizeof file - 1), file) == 0;
}

/* Pushes "script.lua:12: ", the innermost line that is not the facade's, or "". */
static void polyshm_lua_position(lua_State *L) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); level++)
    if (lua_getinfo(L, "Sl", &frame) && frame.currentline > 0 && !polyshm_lua_is_facade(frame.source)) {
      lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
      return;
    }
  lua_pushliteral(L, "");
}

/* Pushes the thread's last failure as a table. */
static void polyshm_lua_push_error(lua_State *L, polyshm_status status) {
  lua_createtable(L, 0, 4);
  lua_pushstring(L, polyshm_status_name(status));
  lua_setfield(L, -2, "code");
  lua_pushstring(L, polyshm_last_error());
  if (status == POLYSHM_INDEX && strstr(lua_tostring(L, -1), "count from 0")) { /* where an ipairs() ends that nobody can refuse */
    lua_pushliteral(L, "; each() visits them all, ipairs() begins at 1");
    lua_concat(L, 2);
  }
  lua_setfield(L, -2, "message");
  if (polyshm_status_errno(status)) {
    lua_pushinteger(L, polyshm_status_errno(status));
    lua_setfield(L, -2, "errno");
  }
  luaL_getmetatable(L, POLYSHM_LUA_ERROR);
  lua_setmetatable(L, -2);
}

static int polyshm_lua_error_tostring(lua_State *L);

/* Whether errors are raised as strings, for hosts that cannot print a table: ngx_lua, Lua 5.1's own interpreter. */
static bool polyshm_lua_raises_strings(lua_State *L) {
  luaL_getmetatable(L, POLYSHM_LUA_ERROR);
  lua_getfield(L, -1, "strings");
  const bool strings = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return strings;
}

__attribute__((cold)) _Noreturn static void polyshm_lua_raise(lua_State *L, polyshm_status status) {
  const bool strings = polyshm_lua_raises_strings(L);
  polyshm_lua_push_error(L, status);
  polyshm_lua_position(L);
  lua_setfield(L, -2, "position");
  if (strings) {
    lua_pushcfunction(L, polyshm_lua_error_tostring);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  }
  lua_error(L);
  abort(); /* lua_error() does not return, but its declaration does not say so */
}

/* nil, error for a failure of the system. */
static int polyshm_lua_return_error(lua_State *L, polyshm_status status) {
  if (!polyshm_status_errno(status))
    polyshm_lua_raise(L, status);
  lua_pushnil(L);
  polyshm_lua_push_error(L, status);
  return 2;
}

/* fail(code, message): misuse that the facade finds. */
static int polyshm_lua_fail(lua_State *L) {
  const char *code = luaL_checkstring(L, 1);
#define RAISE(name, number, text)                                                                            \
  if (strcmp(code, #name) == 0)                                                                              \
    polyshm_lua_raise(L, polyshm_fail(number, "%s", luaL_checkstring(L, 2)));
  POLYSHM_MISUSE_MAP(RAISE)
#undef RAISE
  return luaL_argerror(L, 1, "no code of misuse");
}

static int polyshm_lua_error_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  static const char *const fields[] = {"position", "code", "message"};
  for (int i = 0; i < 3; i++) {
    lua_pushstring(L, fields[i]);
    lua_rawget(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
      lua_pop(L, 1);
      lua_pushliteral(L, "");
    }
  }
  lua_pushfstring(L, "%s%s: %s", lua_tostring(L, 2), lua_tostring(L, 3), lua_tostring(L, 4));
  return 1;
}

/* "words" .. error and error .. "words" */
static int polyshm_lua_error_concat(lua_State *L) {
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  for (int i = 1; i <= 2; i++) {
    lua_getglobal(L, "tostring");
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
  }
  lua_concat(L, 2);
  return 1;
}

/* string_errors(truth): how errors are raised in this state from now on. */
static int polyshm_lua_string_errors(lua_State *L) {
  if (!lua_isboolean(L, 1))
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "string_errors: it is true or false, not %s", luaL_typename(L, 1)));
  luaL_getmetatable(L, POLYSHM_LUA_ERROR);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "strings");
  return 0;
}
%}

%native(fail) int polyshm_lua_fail(lua_State *L);
%native(string_errors) int polyshm_lua_string_errors(lua_State *L);

%init %{
  if (luaL_newmetatable(L, POLYSHM_LUA_ERROR)) {
    lua_pushcfunction(L, polyshm_lua_error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, polyshm_lua_error_concat);
    lua_setfield(L, -2, "__concat");
  }
  lua_pop(L, 1);
%}

%define %host_try(call)
do {
  polyshm_status status = call;
  if (status) polyshm_lua_raise(L, status);
} while (0)
%enddef
%define %host_result(made) (void)made; SWIG_arg++ %enddef

%typemap(out, noblock=1) polyshm_status {
  if ($1) polyshm_lua_raise(L, $1);
}

/* Calls that a program expects to fail give true, so that assert() takes it, where they give nothing else. */
%define %polyshm_expected_to_fail(call)
%typemap(out, noblock=1) polyshm_status call {
  if ($1) return polyshm_lua_return_error(L, $1);
}
%typemap(ret, noblock=1) polyshm_status call {
  if (!SWIG_arg) { lua_pushboolean(L, 1); SWIG_arg++; }
}
%enddef
