// Reading and pushing plain values; whatever may raise runs protected.
#include <string.h>

#include "private.h"

int mg_lua_top(lua_State *L) { return lua_gettop(L); }
void mg_lua_pop(lua_State *L, int count) { lua_pop(L, count); }

mg_lua_type mg_lua_type_at(lua_State *L, int index, mg_lua_handle *handle) {
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return mg_lua_is_nil;
    case LUA_TBOOLEAN: return mg_lua_is_boolean;
    case LUA_TNUMBER: return lua_isinteger(L, index) ? mg_lua_is_integer : mg_lua_is_number;
    case LUA_TSTRING: return mg_lua_is_string;
    case LUA_TTABLE: return mg_lua_is_table;
    case LUA_TFUNCTION: return mg_lua_is_function;
    case LUA_TUSERDATA:
      return mg_lua_object_at(L, index, handle) ? mg_lua_is_object : mg_lua_is_other;
    default: return mg_lua_is_other;
  }
}

bool mg_lua_boolean_at(lua_State *L, int index) { return lua_toboolean(L, index); }
int64_t mg_lua_integer_at(lua_State *L, int index) { return lua_tointeger(L, index); }
double mg_lua_number_at(lua_State *L, int index) { return lua_tonumber(L, index); }

const char *mg_lua_string_at(lua_State *L, int index, size_t *length) {
  *length = 0;
  // Of a string, lua_tolstring makes nothing new and so cannot raise.
  return lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, length) : NULL;
}

const char *mg_lua_type_name(lua_State *L, int index) {
  static const char *const names[] = {NULL, "tensor", "error", "definition"};
  mg_lua_handle handle;
  int kind = mg_lua_object_at(L, index, &handle);
  return kind ? names[kind] : lua_typename(L, lua_type(L, index));
}

size_t mg_lua_length_at(lua_State *L, int index) { return lua_rawlen(L, index); }

bool mg_lua_push_element(lua_State *L, int index, int64_t position) {
  if (!lua_checkstack(L, 1)) return false;
  lua_rawgeti(L, index, position);
  return true;
}

static int step(lua_State *L) { return lua_next(L, 1) ? 2 : 0; }

int mg_lua_next(lua_State *L, int index) {
  index = lua_absindex(L, index);
  int below = lua_gettop(L) - 1;
  if (!lua_checkstack(L, 4)) {
    lua_pop(L, 1);
    return -1;
  }
  lua_pushcfunction(L, step);
  lua_insert(L, -2);
  lua_pushvalue(L, index);
  lua_insert(L, -2);  // step, table, key
  if (lua_pcall(L, 2, LUA_MULTRET, 0) != LUA_OK) {
    lua_settop(L, below);
    return -1;
  }
  return lua_gettop(L) > below;
}

// Neither of these allocates: they read the call stack and the function's own record.

int mg_lua_caller_line(lua_State *L, char *source, size_t size) {
  return mg_lua_line_from(L, 1, source, size);
}

int mg_lua_function_line(lua_State *L, int index, char *source, size_t size) {
  lua_Debug record;
  source[0] = 0;
  if (lua_type(L, index) != LUA_TFUNCTION || !lua_checkstack(L, 1)) return 0;
  lua_pushvalue(L, index);
  lua_getinfo(L, ">S", &record);
  if (record.linedefined < 0) return 0;
  strncpy(source, *record.source == '@' ? record.source + 1 : record.short_src, size - 1);
  source[size - 1] = 0;
  return record.linedefined;
}

bool mg_lua_push_nil(lua_State *L) {
  if (!lua_checkstack(L, 1)) return false;
  lua_pushnil(L);
  return true;
}

bool mg_lua_push_boolean(lua_State *L, bool value) {
  if (!lua_checkstack(L, 1)) return false;
  lua_pushboolean(L, value);
  return true;
}

bool mg_lua_push_integer(lua_State *L, int64_t value) {
  if (!lua_checkstack(L, 1)) return false;
  lua_pushinteger(L, value);
  return true;
}

bool mg_lua_push_number(lua_State *L, double value) {
  if (!lua_checkstack(L, 1)) return false;
  lua_pushnumber(L, value);
  return true;
}

// What a protected maker needs to know.
typedef struct {
  const char *bytes;
  size_t length;
  int elements, fields;
  int64_t position;
} request;

static bool make(lua_State *L, lua_CFunction maker, request *what) {
  if (!lua_checkstack(L, 3)) return false;
  lua_pushcfunction(L, maker);
  lua_pushlightuserdata(L, what);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

static int make_string(lua_State *L) {
  request *what = lua_touserdata(L, 1);
  lua_pushlstring(L, what->bytes, what->length);
  return 1;
}

bool mg_lua_push_string(lua_State *L, const char *bytes, size_t length) {
  request what = {.bytes = bytes, .length = length};
  return make(L, make_string, &what);
}

static int make_table(lua_State *L) {
  request *what = lua_touserdata(L, 1);
  lua_createtable(L, what->elements, what->fields);
  return 1;
}

bool mg_lua_push_table(lua_State *L, int elements, int fields) {
  request what = {.elements = elements, .fields = fields};
  return make(L, make_table, &what);
}

// Arguments: request, table, value.
static int set(lua_State *L) {
  request *what = lua_touserdata(L, 1);
  if (what->bytes) {
    lua_pushlstring(L, what->bytes, what->length);
    lua_insert(L, -2);
    lua_rawset(L, 2);
  } else {
    lua_rawseti(L, 2, what->position);
  }
  return 0;
}

static bool set_protected(lua_State *L, int table, request *what) {
  table = lua_absindex(L, table);
  if (!lua_checkstack(L, 4)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushcfunction(L, set);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, what);
  lua_insert(L, -2);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  if (lua_pcall(L, 3, 0, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

bool mg_lua_set_element(lua_State *L, int table, int64_t position) {
  request what = {.position = position};
  return set_protected(L, table, &what);
}

bool mg_lua_set_field(lua_State *L, int table, const char *name, size_t length) {
  request what = {.bytes = name, .length = length};
  return set_protected(L, table, &what);
}

static int keep(lua_State *L) {
  lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
  return 1;
}

int mg_lua_keep(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (!lua_checkstack(L, 3)) return 0;
  lua_pushcfunction(L, keep);
  lua_pushvalue(L, index);
  int reference = lua_pcall(L, 1, 1, 0) == LUA_OK ? (int)lua_tointeger(L, -1) : 0;
  lua_pop(L, 1);
  return reference;
}

bool mg_lua_push_kept(lua_State *L, int reference) {
  if (!lua_checkstack(L, 1)) return false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
  return true;
}

static int forget(lua_State *L) {
  luaL_unref(L, LUA_REGISTRYINDEX, (int)lua_tointeger(L, 1));
  return 0;
}

void mg_lua_forget(lua_State *L, int reference) {
  if (!lua_checkstack(L, 3)) return;
  lua_pushcfunction(L, forget);
  lua_pushinteger(L, reference);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}
