/* host_lua.c: the half of host.h that is Lua's. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

const bool host_many = true;
bool (*const host_end_waiting)(void *interpreter) = NULL; /* Lua lets no state be closed that is at work */

void host_begin(const char *program) {
  (void)program;
}

static bool told(lua_State *L, int failed) {
  if (failed)
    (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_settop(L, 0);
  return !failed;
}

void *host_open(const char *script) {
  lua_State *L = luaL_newstate();
  if (!L)
    return NULL;
  luaL_openlibs(L);
  if (told(L, luaL_loadfile(L, script) || lua_pcall(L, 0, 0, 0)))
    return L;
  lua_close(L);
  return NULL;
}

bool host_call(void *interpreter, const char *function) {
  lua_State *L = interpreter;
  lua_getglobal(L, function);
  return told(L, lua_pcall(L, 0, 0, 0));
}

void host_close(void *interpreter) {
  lua_close(interpreter);
}

_Noreturn void host_exit(void) {
  exit(0);
}
