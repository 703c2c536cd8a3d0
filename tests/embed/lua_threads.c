/*
 * Threads with a Lua state each load the module at the same moment: lua_threads RUNS. Each run is a process
 * of its own, because only the first load in a process fills the module's tables. The shared object is
 * loaded, but not initialised, beforehand: so nothing but the initialisation races. Every state then works
 * with a segment.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "runs.h"

static const char preload[] =
    "local file for template in package.cpath:gmatch '[^;]+' do "
    "  local name = template:gsub('%?', 'polyshm/core') "
    "  local found = io.open(name) if found then found:close() file = file or name end "
    "end "
    "assert(package.loadlib(file, 'luaopen_polyshm_core'))";

static const char work[] =
    "local polyshm = require 'polyshm' "
    "local shm = assert(polyshm.SharedMemory.create(nil, {size = 4096})) "
    "shm:unlink() "
    "local view = shm:view 'int32' "
    "view[0] = 7 assert(view[0] == 7) "
    "shm:close()";

static void *load(void *state) {
  lua_State *L = state;
  (void)pthread_barrier_wait(&start);
  if (luaL_loadstring(L, work) == 0 && lua_pcall(L, 0, 0, 0) == 0)
    return NULL;
  (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
  return state;
}

static int run(const char *program) {
  (void)program;
  void *states[THREADS];
  for (int i = 0; i < THREADS; i++) {
    states[i] = luaL_newstate();
    luaL_openlibs(states[i]);
  }
  if (luaL_loadstring(states[0], preload) || lua_pcall(states[0], 0, 0, 0)) {
    (void)fprintf(stderr, "%s\n", lua_tostring(states[0], -1));
    return 1;
  }
  const int failed = run_threads(load, states);
  for (int i = 0; i < THREADS; i++)
    lua_close(states[i]);
  return failed;
}

int main(int argc, char **argv) {
  return run_many(argc, argv, run);
}
