/*
 * handle.i: the objects, where SWIG would take any userdata for any pointer. A handle is SWIG's own userdata, known by
 * its size and type: no table is looked up, so this is faster than luaL_checkudata, too.
 *
 * The classes keep their C names here, because all SWIG modules of an interpreter share one registry of class names,
 * and "View" may be somebody else's; the facade gives them the names that users meet.
 */
%rename(polyshm_segment) polyshm_segment;
%rename(polyshm_view) polyshm_view;
%rename(polyshm_list) polyshm_list;
%rename(polyshm_lock) polyshm_lock;
%rename(polyshm_semaphore) polyshm_semaphore;
%rename(polyshm_event) polyshm_event;

/* Keywords of Lua: as its libraries of bit operations call them. */
%rename(band) polyshm_view::and;
%rename(bor) polyshm_view::or;
%rename(bxor) polyshm_view::xor;

%{
/* What is behind a handle of this type, or NULL. */
static inline void *polyshm_lua_behind(lua_State *L, int index, const swig_type_info *type) {
  const swig_lua_userdata *handle = lua_touserdata(L, index);
  return handle && lua_rawlen(L, index) == sizeof *handle && handle->type == type ? handle->ptr : NULL;
}

static inline void *polyshm_lua_handle(lua_State *L, int index, const swig_type_info *type, const char *what) {
  void *ptr = polyshm_lua_behind(L, index, type);
  if (ptr)
    return ptr;
  polyshm_lua_raise(L, polyshm_fail(POLYSHM_TYPE, "%s is needed, not %s", what, luaL_typename(L, index)));
}

/* Pushes a handle on nothing yet. Made before the call: a shortage of memory then cannot lose the call's result. */
static swig_lua_userdata *polyshm_lua_new_handle(lua_State *L, swig_type_info *type) {
  swig_lua_userdata *handle = lua_newuserdata(L, sizeof *handle);
  *handle = (swig_lua_userdata){.type = type, .own = 1};
  SWIG_Lua_AddMetatable(L, type);
  return handle;
}

/* Frees once. A handle that other finalisers still hold is then refused by every call. */
static int polyshm_lua_gc(lua_State *L) {
  swig_lua_userdata *handle = lua_touserdata(L, 1);
  if (!handle || lua_rawlen(L, 1) != sizeof *handle)
    return 0;
  for (swig_type_info **type = swig_types; *type; type++)
    if (handle->type == *type) {
      void *ptr = handle->ptr;
      handle->ptr = NULL;
      ((const swig_lua_class *)handle->type->clientdata)->destructor(ptr);
    }
  return 0;
}

/*
 * Lua sees the handle and not the memory behind it. So each new object makes the collector work as if that much had
 * been allocated (64 MiB at most, to bound the pause), and a loop that drops objects without closing them stays
 * bounded. A collector that the script has stopped is left alone: LUA_GCISRUNNING is 9 in 5.2 ... 5.4 and LuaJIT; 5.1
 * does not know it and answers -1.
 */
static void polyshm_lua_weigh(lua_State *L, int64_t size) {
  enum { is_running = 9 };
  const int64_t most = 64 * 1024, kibibytes = size / 1024 + 1;
  if (size && lua_gc(L, is_running, 0) != 0)
    lua_gc(L, LUA_GCSTEP, (int)(kibibytes < most ? kibibytes : most));
}

static int64_t polyshm_lua_list_size(const polyshm_list *list) {
  polyshm_segment *segment = NULL;
  int64_t size = polyshm_list_segment(list, &segment) == POLYSHM_OK ? polyshm_segment_size(segment) : 0;
  polyshm_segment_free(segment);
  return size;
}

/* A descriptor that is kept open, of which a process has some thousand, weighs as so much memory; an event, which has only
 * a mapping, weighs as much for simplicity. */
enum { POLYSHM_LUA_DESCRIPTOR = 256 * 1024 };

/* object[key], with the upvalues methods and attributes: a method, an attribute's value, or nil. An attribute is a
 * function of C, which is called right away, or one of the facade. */
static int polyshm_lua_member(lua_State *L) {
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1))
    return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  lua_CFunction attribute = lua_tocfunction(L, -1);
  if (attribute)
    return attribute(L);
  if (lua_isnil(L, -1))
    return 0;
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* The same for views and lists: what is no name is an index. */
static int _wrap_polyshm_view_get(lua_State *L);
static int _wrap_polyshm_list_get(lua_State *L);

static int polyshm_lua_view_member(lua_State *L) {
  return lua_type(L, 2) == LUA_TSTRING ? polyshm_lua_member(L) : _wrap_polyshm_view_get(L);
}

static int polyshm_lua_list_member(lua_State *L) {
  return lua_type(L, 2) == LUA_TSTRING ? polyshm_lua_member(L) : _wrap_polyshm_list_get(L);
}

/* members(methods, attributes), and the same for views and lists: such functions, for __index. */
#define MAKE_MEMBER(member)                                                                                  \
  static int polyshm_lua_make_##member(lua_State *L) {                                                       \
    lua_settop(L, 2);                                                                                        \
    lua_pushcclosure(L, polyshm_lua_##member, 2);                                                            \
    return 1;                                                                                                \
  }
MAKE_MEMBER(member)
MAKE_MEMBER(view_member)
MAKE_MEMBER(list_member)
#undef MAKE_MEMBER

/* metatable(class): what all objects of a class have. */
static int polyshm_lua_metatable(lua_State *L) {
  SWIG_Lua_get_class_metatable(L, luaL_checkstring(L, 1));
  return 1;
}

/* In SWIG's metatable of a class: what would crash on a foreign object, or give the object's memory away. */
static void polyshm_lua_secure(lua_State *L, const swig_lua_class *class) {
  SWIG_Lua_get_class_metatable(L, class->fqname);
  lua_pushcfunction(L, polyshm_lua_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushnil(L);
  lua_setfield(L, -2, "__eq");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_getfield(L, -1, ".fn");
  lua_pushnil(L);
  lua_setfield(L, -2, "__disown");
  lua_pop(L, 2);
}
%}

%native(metatable) int polyshm_lua_metatable(lua_State *L);
%native(members) int polyshm_lua_make_member(lua_State *L);
%native(view_members) int polyshm_lua_make_view_member(lua_State *L);
%native(list_members) int polyshm_lua_make_list_member(lua_State *L);

%init %{
  for (swig_type_info **type = swig_types; *type; type++)
    if ((*type)->clientdata) polyshm_lua_secure(L, (*type)->clientdata);
%}

/* %handle(type, words, weight): receivers and arguments, and results, which the handle owns. */
%define %handle(type, words, weight)
%typemap(in, noblock=1) polyshm_##type *, const polyshm_##type *, struct polyshm_##type *self {
  $1 = polyshm_lua_handle(L, $input, SWIGTYPE_p_polyshm_##type, words);
}
%typemap(in, numinputs=0, noblock=1) polyshm_##type **out (polyshm_##type *made, swig_lua_userdata *handle) {
  made = NULL;
  $1 = &made;
}
%typemap(check, noblock=1) polyshm_##type **out {
  handle$argnum = polyshm_lua_new_handle(L, SWIGTYPE_p_polyshm_##type);
}
%typemap(argout, noblock=1) polyshm_##type **out {
  handle$argnum->ptr = made$argnum; SWIG_arg++;
  polyshm_lua_weigh(L, weight);
}
%enddef
%handle(segment, "a SharedMemory", polyshm_segment_size(made$argnum))
%handle(view, "a View", 0)
%handle(list, "a ShareableList", polyshm_lua_list_size(made$argnum))
%handle(lock, "a Lock", POLYSHM_LUA_DESCRIPTOR)
%handle(semaphore, "a Semaphore", POLYSHM_LUA_DESCRIPTOR)
%handle(event, "an Event", POLYSHM_LUA_DESCRIPTOR)
