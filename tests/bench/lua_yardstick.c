/* lua_yardstick.c: the hand-written extension for Lua 5.1 to 5.4 and LuaJIT. See yardstick.h. */
#include "yardstick.h"

#include <lauxlib.h>
#include <lua.h>

/*
 * Upvalue 1 of each method is the class's metatable: comparing it is the fastest check of a type there is in
 * Lua's C API, and faster than luaL_checkudata, which looks the name up.
 */
static yardstick *check(lua_State *L) {
  yardstick *y = lua_touserdata(L, 1);
  if (!y || !lua_getmetatable(L, 1) || !lua_rawequal(L, -1, lua_upvalueindex(1)))
    luaL_argerror(L, 1, "yardstick expected");
  lua_pop(L, 1);
  if (y->closed)
    luaL_error(L, "closed");
  return y;
}

/* luaL_checkinteger of a Lua without integers cuts fractions off: t[1.5] is no element, here as in Lua 5.3.
 */
static lua_Integer check_index(lua_State *L) {
  lua_Integer index = luaL_checkinteger(L, 2);
#if LUA_VERSION_NUM < 503
  luaL_argcheck(L, (lua_Number)index == lua_tonumber(L, 2), 2, "integer expected");
#endif
  return index;
}

static double *element(lua_State *L, yardstick *y) {
  lua_Integer index = check_index(L);
  if (index < 0 || index >= y->count)
    luaL_error(L, "index out of range");
  return y->data + index;
}

static int get(lua_State *L) {
  yardstick *y = check(L);
  lua_pushnumber(L, *element(L, y));
  return 1;
}

static int set(lua_State *L) {
  yardstick *y = check(L);
  *element(L, y) = luaL_checknumber(L, 3);
  return 0;
}

/* Upvalue 2: the methods. */
static int index_get(lua_State *L) {
  if (lua_type(L, 2) == LUA_TNUMBER)
    return get(L);
  lua_settop(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  return 1;
}

static int values(lua_State *L) {
  yardstick *y = check(L);
  lua_createtable(L, (int)y->count, 0);
  for (int64_t i = 0; i < y->count; i++) {
    lua_pushnumber(L, y->data[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static int assign(lua_State *L) {
  yardstick *y = check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  for (int64_t i = 0; i < y->count; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    y->data[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  return 0;
}

static int copy_out(lua_State *L) {
  return yardstick_copy_out(check(L)) ? 0 : luaL_error(L, "no memory");
}

static int drop(lua_State *L) {
  yardstick_drop(check(L));
  return 0;
}

static int copy_in(lua_State *L) {
  yardstick *y = check(L);
  size_t length;
  const char *bytes = luaL_checklstring(L, 2, &length);
  luaL_argcheck(L, length == yardstick_bytes(y), 2, "length");
  memcpy(y->data, bytes, length);
  return 0;
}

static int collect(lua_State *L) {
  yardstick_unmap(lua_touserdata(L, 1));
  return 0;
}

static int open_segment(lua_State *L) {
  yardstick *y = lua_newuserdata(L, sizeof *y);
  if (!yardstick_map(y, luaL_checkstring(L, 1)))
    return luaL_error(L, "cannot be mapped");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}

static int clock_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)yardstick_clock());
  return 1;
}

/* Sets table[name], at the stack's top, to a function that has the metatable, and for __index the methods, as
 * upvalues. */
static void define(lua_State *L, int metatable, const char *name, lua_CFunction function) {
  lua_pushvalue(L, metatable);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

__attribute__((visibility("default"))) int luaopen_yardstick(lua_State *L);

int luaopen_yardstick(lua_State *L) {
  lua_newtable(L);
  const int metatable = lua_gettop(L);

  lua_newtable(L);
  define(L, metatable, "get", get);
  define(L, metatable, "set", set);
  define(L, metatable, "values", values);
  define(L, metatable, "assign", assign);
  define(L, metatable, "copy_out", copy_out);
  define(L, metatable, "copy_in", copy_in);
  define(L, metatable, "drop", drop);
  const int methods = lua_gettop(L);

  lua_pushvalue(L, metatable);
  lua_pushvalue(L, methods);
  lua_pushcclosure(L, index_get, 2);
  lua_setfield(L, metatable, "__index");
  lua_settop(L, metatable);
  define(L, metatable, "__newindex", set);
  define(L, metatable, "__gc", collect);

  lua_newtable(L);
  define(L, metatable, "open", open_segment);
  define(L, metatable, "clock", clock_now);
  return 1;
}
