/*
 * A Lua interpreter that knows of all memory, that of Lua and of the core: lua_memory SCRIPT. Besides the
 * standard libraries it has a table `memory`:
 *
 *   memory.blocks()       how many blocks are allocated
 *   memory.fail(n, more)  the n-th allocation from now fails, and `more` behind it; fail(0) ends that, and
 *                         tells whether one failed
 *   memory.files()        how many descriptors are open, and how many shared mappings there are
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own. Ours take their place for every shared object in the process. */
#pragma GCC visibility push(default)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static long blocks, until_failure, failures;
static bool failed;

static bool is_to_fail(void) {
  if (until_failure == 0 || --until_failure > 0)
    return false;
  until_failure = failures-- > 0 ? 1 : 0;
  failed = true;
  errno = ENOMEM;
  return true;
}

static void *counted(void *block) {
  blocks += block != NULL;
  return block;
}

void *malloc(size_t size) {
  return is_to_fail() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
  return is_to_fail() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size) {
  if (size == 0) {
    free(block);
    return NULL;
  }
  /* Lua counts on it that to give memory back cannot fail. */
  if ((!block || size > malloc_usable_size(block)) && is_to_fail())
    return NULL;
  void *moved = __libc_realloc(block, size);
  return block ? moved : counted(moved);
}

void free(void *block) {
  blocks -= block != NULL;
  __libc_free(block);
}
#pragma GCC visibility pop

static int memory_blocks(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)blocks);
  return 1;
}

static int memory_fail(lua_State *L) {
  bool before = failed;
  until_failure = (long)luaL_checkinteger(L, 1);
  failures = (long)luaL_optinteger(L, 2, 0);
  failed = false;
  lua_pushboolean(L, before);
  return 1;
}

static int memory_files(lua_State *L) {
  int files = 0, maps = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (directory && readdir(directory))
    files++;
  (void)(directory && closedir(directory));
  FILE *file = fopen("/proc/self/maps", "r");
  char line[4096];
  while (file && fgets(line, sizeof line, file))
    maps += strstr(line, "-s ") != NULL;
  (void)(file && fclose(file));
  lua_pushinteger(L, files);
  lua_pushinteger(L, maps);
  return 2;
}

int main(int argc, char **argv) {
  static const luaL_Reg functions[] = {
      {"blocks", memory_blocks}, {"fail", memory_fail}, {"files", memory_files}};
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_newtable(L);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    lua_pushcfunction(L, functions[i].func);
    lua_setfield(L, -2, functions[i].name);
  }
  lua_setglobal(L, "memory");
  (void)luaL_loadstring(L, "local ok, err = pcall(dofile, (...)) if not ok then error(tostring(err), 0) end");
  lua_pushstring(L, argc == 2 ? argv[1] : "");
  if (lua_pcall(L, 1, 0, 0)) {
    (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return 1;
  }
  lua_close(L);
  return 0;
}
