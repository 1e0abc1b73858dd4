// What the files of this folder share.
#ifndef MG_LUA_PRIVATE_H
#define MG_LUA_PRIVATE_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdatomic.h>

#include "lua_bridge.h"

enum { mg_lua_text_limit = 4096, mg_lua_source_limit = 1024 };

// The longest string. One instruction can go through all of one, and the hook sees a stop only between
// instructions: comparing strings of zero bytes takes some 20 ns a byte.
enum { mg_lua_string_limit = 2 << 20 };

struct mg_lua {
  lua_State *L;
  mg_lua_host host;
  size_t used, limit;
  long allocations_until_failure;
  _Atomic int stop;
  int lines_printed;
  mg_lua_failure failure;
  char source[mg_lua_source_limit], text[mg_lua_text_limit + 1], traceback[mg_lua_text_limit + 1];
};

// What a host object's userdata holds. Plugins cannot make one: the metatable is checked by
// identity.
typedef struct {
  mg_lua_kind kind;
  mg_lua_handle handle;
  bool is_live;
} mg_lua_box;

static inline mg_lua *mg_lua_of(lua_State *L) { return *(mg_lua **)lua_getextraspace(L); }
static inline int mg_lua_is_stopping(lua_State *L) {
  return atomic_load_explicit(&mg_lua_of(L)->stop, memory_order_relaxed);
}

// Registry keys: addresses nobody else has.
extern char mg_lua_key_metatables[4], mg_lua_key_functions, mg_lua_key_methods,
    mg_lua_key_environment, mg_lua_key_mg, mg_lua_key_loader, mg_lua_key_table_text;

int mg_lua_raise_stop(lua_State *L);
int mg_lua_trampoline(lua_State *L);
int mg_lua_line_from(lua_State *L, int level, char *source, size_t size);
void mg_lua_make_environment(lua_State *L);  // may raise
void mg_lua_make_metatables(lua_State *L);   // may raise
int mg_lua_plain_tostring(lua_State *L);
int mg_lua_require(lua_State *L);
// Pattern functions with a limit on their steps; upvalue 1 is Lua's own.
int mg_lua_find(lua_State *L);
int mg_lua_match(lua_State *L);
int mg_lua_gmatch(lua_State *L);
int mg_lua_gsub(lua_State *L);

#endif
