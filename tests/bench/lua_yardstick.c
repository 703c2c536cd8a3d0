/* lua_yardstick.c: the hand-written extension for Lua 5.1 to 5.4 and LuaJIT. See yardstick.h. */
#include "yardstick.h"

#include <lauxlib.h>
#include <lua.h>

#define TYPE "yardstick"

static yardstick *open_one(lua_State *L, yardstick *y) {
  if (y->closed)
    luaL_error(L, "closed");
  return y;
}

/* As the manuals teach it. It looks the type's name up in the registry. */
static yardstick *check_by_name(lua_State *L) {
  return open_one(L, luaL_checkudata(L, 1, TYPE));
}

/* The leanest there is: upvalue 1 of each method is the type's metatable. */
static yardstick *check_lean(lua_State *L) {
  yardstick *y = lua_touserdata(L, 1);
  if (!y || !lua_getmetatable(L, 1) || !lua_rawequal(L, -1, lua_upvalueindex(1)))
    luaL_argerror(L, 1, "yardstick expected");
  lua_pop(L, 1);
  return open_one(L, y);
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

static int member(lua_State *L) {
  lua_settop(L, 2);
  lua_rawget(L, lua_upvalueindex(2)); /* the methods */
  return 1;
}

#define ELEMENT_METHODS(how)                                                                                 \
  static int get_##how(lua_State *L) {                                                                       \
    lua_pushnumber(L, *element(L, check_##how(L)));                                                          \
    return 1;                                                                                                \
  }                                                                                                          \
  static int set_##how(lua_State *L) {                                                                       \
    *element(L, check_##how(L)) = luaL_checknumber(L, 3);                                                    \
    return 0;                                                                                                \
  }                                                                                                          \
  static int index_##how(lua_State *L) {                                                                     \
    return lua_type(L, 2) == LUA_TNUMBER ? get_##how(L) : member(L);                                         \
  }
ELEMENT_METHODS(by_name)
ELEMENT_METHODS(lean)

static int add(lua_State *L) {
  yardstick *y = check_lean(L);
  const int64_t index = element(L, y) - y->data;
  lua_pushinteger(L, (lua_Integer)yardstick_add(y, index, luaL_checkinteger(L, 3)));
  return 1;
}

static int lock(lua_State *L) {
  return yardstick_lock(check_lean(L)) ? 0 : luaL_error(L, "cannot be locked");
}

static int unlock(lua_State *L) {
  return yardstick_unlock(check_lean(L)) ? 0 : luaL_error(L, "cannot be unlocked");
}

static int values(lua_State *L) {
  yardstick *y = check_lean(L);
  lua_createtable(L, (int)y->count, 0);
  for (int64_t i = 0; i < y->count; i++) {
    lua_pushnumber(L, y->data[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static int assign(lua_State *L) {
  yardstick *y = check_lean(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  for (int64_t i = 0; i < y->count; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    y->data[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  return 0;
}

static int copy_out(lua_State *L) {
  return yardstick_copy_out(check_lean(L)) ? 0 : luaL_error(L, "no memory");
}

static int drop(lua_State *L) {
  yardstick_drop(check_lean(L));
  return 0;
}

static int copy_in(lua_State *L) {
  yardstick *y = check_lean(L);
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

/* Sets table[name], at the stack's top, to a function with the metatable as its upvalue. */
static void define(lua_State *L, int metatable, const char *name, lua_CFunction function) {
  lua_pushvalue(L, metatable);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

/* Makes the metatable at the stack's top a type's. */
static void define_type(lua_State *L, lua_CFunction get, lua_CFunction set, lua_CFunction index) {
  const int metatable = lua_gettop(L);
  lua_pushvalue(L, metatable);
  lua_newtable(L);
  define(L, metatable, "get", get);
  define(L, metatable, "set", set);
  define(L, metatable, "add", add);
  define(L, metatable, "lock", lock);
  define(L, metatable, "unlock", unlock);
  define(L, metatable, "values", values);
  define(L, metatable, "assign", assign);
  define(L, metatable, "copy_out", copy_out);
  define(L, metatable, "copy_in", copy_in);
  define(L, metatable, "drop", drop);
  lua_pushcclosure(L, index, 2);
  lua_setfield(L, metatable, "__index");
  define(L, metatable, "__newindex", set);
  define(L, metatable, "__gc", collect);
}

__attribute__((visibility("default"))) int luaopen_yardstick(lua_State *L);

int luaopen_yardstick(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  const int by_name = lua_gettop(L);
  define_type(L, get_by_name, set_by_name, index_by_name);
  lua_newtable(L);
  const int lean = lua_gettop(L);
  define_type(L, get_lean, set_lean, index_lean);

  lua_newtable(L);
  define(L, by_name, "open", open_segment);
  define(L, lean, "open_lean", open_segment);
  lua_pushcfunction(L, clock_now);
  lua_setfield(L, -2, "clock");
  return 1;
}
