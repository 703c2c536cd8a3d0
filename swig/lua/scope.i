/*
 * scope.i: synchronize, with what is held for a function's time.
 */
%{
/*
 * synchronize(object, fn, timeout): fn(outcome) while a lock is locked or a permit acquired; false if that was not in
 * time. In C, because a debug hook may raise between any two steps of a script: here there is none, neither between the
 * lock and the protected call, nor between that and the unlock. So what is pushed behind the lock needs no memory: the
 * words are there already.
 *
 * fn may have unlocked, closed or, by means of the debug library, even freed the object: then there is nothing to do.
 *
 * Where fn has yielded and its coroutine is closed instead of being resumed, Lua 5.4 runs what is to be closed: a guard
 * gives the object back. Other Luas have no coroutine.close.
 */
enum { OBJECT = 1, GUARD, FN };

static polyshm_status polyshm_lua_give_back(lua_State *L, int index) {
  const polyshm_lua_userdata *userdata = polyshm_lua_ours(L, index);
  polyshm_status status = userdata && userdata->handle.ptr ? userdata->class->release(userdata->handle.ptr) : POLYSHM_OK;
  return status == POLYSHM_NOT_OWNER || status == POLYSHM_CLOSED ? POLYSHM_OK : status;
}

/* A guard is a table: [1] is the object while it is to be given back. */
static void polyshm_lua_arm(lua_State *L, bool on) {
  if (on)
    lua_pushvalue(L, OBJECT);
  else
    lua_pushboolean(L, 0); /* not nil: it takes the same place, and no memory */
  lua_rawseti(L, GUARD, 1);
}

#if LUA_VERSION_NUM >= 504
static int polyshm_lua_guard_closes(lua_State *L) {
  lua_rawgeti(L, 1, 1);
  (void)polyshm_lua_give_back(L, -1);
  return 0;
}
#endif

static void polyshm_lua_make_guard(lua_State *L) {
  lua_createtable(L, 1, 0);
  lua_insert(L, GUARD);
  polyshm_lua_arm(L, false);
#if LUA_VERSION_NUM >= 504
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, polyshm_lua_guard_closes);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, GUARD);
  lua_toclose(L, GUARD);
#endif
}

static int polyshm_lua_leave(lua_State *L, bool failed) {
  polyshm_lua_arm(L, false);
  polyshm_status status = polyshm_lua_give_back(L, OBJECT);
  if (failed)
    return lua_error(L);
  if (status)
    polyshm_lua_raise(L, status);
  return lua_gettop(L) - GUARD; /* all above the guard is fn's result */
}

#if LUA_VERSION_NUM >= 503
static int polyshm_lua_resumed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  return polyshm_lua_leave(L, status != LUA_YIELD);
}
#elif LUA_VERSION_NUM == 502
static int polyshm_lua_resumed(lua_State *L) {
  return polyshm_lua_leave(L, lua_getctx(L, NULL) != LUA_YIELD);
}
#else
#define lua_pcallk(L, arguments, results, handler, context, resumed) lua_pcall(L, arguments, results, handler)
#endif

static int polyshm_lua_synchronize(lua_State *L) {
  const polyshm_lua_userdata *userdata = polyshm_lua_ours(L, OBJECT);
  int64_t timeout = -1;
  if (!userdata || !userdata->handle.ptr || !userdata->class->hold)
    polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "a Lock or a Semaphore is needed, not %s", luaL_typename(L, OBJECT)));
  polyshm_status status = glue_timeout(L, 3, &timeout);
  if (status)
    polyshm_lua_raise(L, status);
  lua_settop(L, 2);
  polyshm_lua_make_guard(L);
  for (int i = 1; i < POLYSHM_OUTCOMES; i++)
    userdata->class->outcomes[i] ? (void)lua_pushstring(L, userdata->class->outcomes[i]) : lua_pushboolean(L, 1);

  int outcome = 0;
  struct polyshm_lua_waiting waiting;
  polyshm_lua_begin_wait(L, &waiting);
  status = userdata->class->hold(userdata->handle.ptr, timeout, &outcome);
  polyshm_lua_end_wait(&waiting);
  if (status)
    polyshm_lua_raise(L, status);
  if (!outcome) {
    lua_pushboolean(L, 0);
    return 1;
  }
  polyshm_lua_arm(L, true);
  lua_pushvalue(L, FN + outcome);
  lua_replace(L, FN + 1);
  lua_settop(L, FN + 1);
  return polyshm_lua_leave(L, lua_pcallk(L, 1, LUA_MULTRET, 0, 0, polyshm_lua_resumed) != 0);
}
%}

%native(synchronize) int polyshm_lua_synchronize(lua_State *L);

