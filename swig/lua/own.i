/*
 * own.i: what only Lua has: the calls that say a value's type, polyshm.str(s), polyshm.bytes(s), polyshm.float(x), and what stands
 * for nothing where nil would be a hole, polyshm.none.
 */
%{
/* none(): the value none, always the same. */
static int polyshm_lua_none(lua_State *L) {
  polyshm_lua_push_none(L);
  return 1;
}

static int polyshm_lua_box_text(lua_State *L, int32_t kind, const char *what) {
  int64_t length = 0;
  void *text = NULL;
  host_text unused = HOST_NO_TEXT;
  polyshm_status status = host_to_bytes(L, 1, what, &unused, &text, &length);
  if (status)
    polyshm_lua_raise(L, status);
  polyshm_lua_box *box = polyshm_lua_new_box(L, kind, (size_t)length);
  memcpy(box->text, text, (size_t)length);
  box->value.as.bytes.data = box->text;
  box->value.as.bytes.length = length;
  return 1;
}

static int polyshm_lua_str(lua_State *L) {
  return polyshm_lua_box_text(L, POLYSHM_TYPE_STR, "str");
}

static int polyshm_lua_box_bytes(lua_State *L) {
  return polyshm_lua_box_text(L, POLYSHM_TYPE_BYTES, "bytes");
}

/* float(x): never rounded, as all numbers. */
static int polyshm_lua_float(lua_State *L) {
  polyshm_value value;
  double number;
  polyshm_status status = polyshm_lua_to_value(L, 1, &value);
  if (!status)
    status = polyshm_dtype_pack(POLYSHM_FLOAT64, &value, &number);
  if (status)
    polyshm_lua_raise(L, status);
  polyshm_lua_new_box(L, POLYSHM_TYPE_FLOAT64, 0)->value.as.float64 = number;
  return 1;
}

static int polyshm_lua_box_tostring(lua_State *L) {
  const polyshm_lua_box *box = polyshm_lua_to_box(L, 1);
  if (!box || box->value.type == POLYSHM_TYPE_NONE)
    lua_pushliteral(L, "none");
  else if (box->value.type == POLYSHM_TYPE_FLOAT64)
    lua_pushfstring(L, "%f", box->value.as.float64);
  else
    lua_pushlstring(L, box->value.as.bytes.data, (size_t)box->value.as.bytes.length);
  return 1;
}
%}

%native(none) int polyshm_lua_none(lua_State *L);
%native(as_str) int polyshm_lua_str(lua_State *L);
%native(as_bytes) int polyshm_lua_box_bytes(lua_State *L);
%native(as_float) int polyshm_lua_float(lua_State *L);

%init %{
  if (luaL_newmetatable(L, POLYSHM_LUA_BOX)) {
    lua_pushcfunction(L, polyshm_lua_box_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, POLYSHM_LUA_BOX);
    lua_setfield(L, -2, "__metatable");
    lua_pushlightuserdata(L, (void *)&polyshm_lua_box_mark);
    polyshm_lua_new_box(L, POLYSHM_TYPE_NONE, 0);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  lua_pop(L, 1);
%}
