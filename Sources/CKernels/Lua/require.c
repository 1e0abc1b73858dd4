// `require`: modules that lie beside a plugin or in the plugin folders. The host finds and reads
// them; each is run once, in the plugin's own environment.
#include <string.h>

#include "private.h"

char mg_lua_key_loader;
// Registry: a table from a module's file to its value, and the list of files being loaded.
static char modules, loading;

static void push_table(lua_State *L, const char *key) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

// Stack: name, versions wanted, file, source. Raises if the file is being loaded already.
static void enter(lua_State *L) {
  push_table(L, &loading);
  int count = (int)lua_rawlen(L, -1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    int is_same = lua_rawequal(L, -1, 3);
    lua_pop(L, 1);
    if (!is_same) continue;
    luaL_Buffer chain;
    lua_State *list = L;
    int table = lua_gettop(L);
    luaL_buffinit(L, &chain);
    for (int j = i; j <= count; j++) {
      lua_rawgeti(list, table, j);
      luaL_addvalue(&chain);
      luaL_addstring(&chain, " requires ");
    }
    lua_pushvalue(L, 3);
    luaL_addvalue(&chain);
    luaL_pushresult(&chain);
    luaL_error(L, "require: modules go round in a circle: %s", lua_tostring(L, -1));
  }
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, count + 1);
  lua_pop(L, 1);
}

static void leave(lua_State *L) {
  push_table(L, &loading);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2));
  lua_pop(L, 1);
}

// The module's value is on top: its version must be one that is wanted.
static int check_version(lua_State *L) {
  if (lua_isnoneornil(L, 2)) return 1;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_loader);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 3);
  if (lua_type(L, -4) == LUA_TTABLE) {
    lua_pushliteral(L, "version");
    lua_rawget(L, -5);
  } else {
    lua_pushnil(L);
  }
  lua_pushvalue(L, 2);
  lua_call(L, 4, 0);
  return 1;
}

static int finish(lua_State *L, int status, lua_KContext context) {
  (void)context;
  leave(L);
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  if (lua_isnil(L, -1)) {
    return luaL_error(L, "require: module '%s' returned nothing: end it with return { … }",
                      lua_tostring(L, 1));
  }
  push_table(L, &modules);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return check_version(L);
}

int mg_lua_require(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  luaL_optstring(L, 2, NULL);
  lua_settop(L, 2);
  if (strcmp(name, "moonglass") == 0) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_mg);
    return 1;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_loader);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 2);
  push_table(L, &modules);
  lua_pushvalue(L, 3);
  if (lua_rawget(L, -2) != LUA_TNIL) return check_version(L);
  lua_settop(L, 4);
  size_t length;
  const char *source = lua_tolstring(L, 4, &length);
  const char *chunk = lua_pushfstring(L, "@%s", lua_tostring(L, 3));
  if (luaL_loadbufferx(L, source, length, chunk, "t") != LUA_OK) return lua_error(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_environment);
  lua_setupvalue(L, -2, 1);
  enter(L);
  lua_pushvalue(L, 1);
  return finish(L, lua_pcallk(L, 1, 1, 0, 0, finish), 0);
}
