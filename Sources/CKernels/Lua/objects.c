// Host objects in Lua, the `mg` table, and the trampoline: the one place that raises for the host.
#include <string.h>

#include "private.h"

char mg_lua_key_metatables[4], mg_lua_key_functions, mg_lua_key_methods;

// A position can only be named in Lua code that somebody wrote: levels of C functions are passed over, and
// of the library's own chunks, which are called "mg".
int mg_lua_line_from(lua_State *L, int level, char *source, size_t size) {
  lua_Debug record;
  source[0] = 0;
  for (; lua_getstack(L, level, &record); level++) {
    lua_getinfo(L, "Sl", &record);
    if (record.currentline <= 0 || strcmp(record.source, "@mg") == 0) continue;
    const char *name = *record.source == '@' ? record.source + 1 : record.short_src;
    strncpy(source, name, size - 1);
    source[size - 1] = 0;
    return record.currentline;
  }
  return 0;
}

static mg_lua_box *new_box(lua_State *L, mg_lua_kind kind) {
  mg_lua_box *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (mg_lua_box){.kind = kind};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_metatables[kind]);
  lua_setmetatable(L, -2);
  return box;
}

static int raise_host_error(lua_State *L) {
  mg_lua *state = mg_lua_of(L);
  char source[mg_lua_source_limit];
  int line = mg_lua_line_from(L, 1, source, sizeof source);
  mg_lua_box *box = new_box(L, mg_lua_error_object);
  box->handle = state->host.take_error(state->host.context, source, line);
  box->is_live = true;
  return lua_error(L);
}

int mg_lua_trampoline(lua_State *L) {
  mg_lua *state = mg_lua_of(L);
  if (mg_lua_is_stopping(L)) return mg_lua_raise_stop(L);
  int64_t function = lua_tointeger(L, lua_upvalueindex(1));
  int results = state->host.call(state->host.context, L, function);
  return results >= 0 ? results : raise_host_error(L);
}

static int collect(lua_State *L) {
  mg_lua_box *box = lua_touserdata(L, 1);
  mg_lua *state = mg_lua_of(L);
  if (box && box->is_live) {
    box->is_live = false;
    state->host.release(state->host.context, box->handle);
  }
  return 0;
}

// Lua hands the operand of a unary operator over twice.
static int call_unary(lua_State *L) {
  lua_settop(L, 1);
  return mg_lua_trampoline(L);
}

// Methods are found here; everything else (properties, slices, unknown names) is the host's:
// upvalue 1.
static int index_tensor(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_methods);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
    lua_settop(L, 2);
  }
  return mg_lua_trampoline(L);
}

// mg is an empty table in front of the real one: it can be read, not changed.
static int index_mg(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_functions);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  lua_settop(L, 2);
  return mg_lua_trampoline(L);
}

static int next_mg(lua_State *L) {
  lua_settop(L, 2);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_functions);
  lua_replace(L, 1);
  return lua_next(L, 1) ? 2 : 0;
}

static int pairs_mg(lua_State *L) {
  lua_pushcfunction(L, next_mg);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int refuse_change(lua_State *L) { return luaL_error(L, "'mg' cannot be changed"); }

static void make_mg(lua_State *L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_functions);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushcfunction(L, refuse_change);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, pairs_mg);
  lua_setfield(L, -2, "__pairs");
  lua_pushliteral(L, "mg");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_mg);
}

void mg_lua_make_metatables(lua_State *L) {
  static const char *const names[] = {NULL, "tensor", "error", "definition"};
  for (int kind = mg_lua_tensor; kind <= mg_lua_definition; kind++) {
    lua_newtable(L);
    lua_pushstring(L, names[kind]);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__name");
    lua_setfield(L, -2, "__metatable");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_metatables[kind]);
  }
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_methods);
  make_mg(L);
}

// Registration: each entry runs one small function protected.

typedef struct {
  const char *name;
  int64_t function;
  double number;
  bool is_function, is_method;
  mg_lua_kind kind;
} entry;

static bool protect(mg_lua *state, lua_CFunction work, entry *what) {
  lua_State *L = state->L;
  if (!lua_checkstack(L, 2)) return false;
  lua_pushcfunction(L, work);
  lua_pushlightuserdata(L, what);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

static void push_trampoline(lua_State *L, int64_t function, lua_CFunction body) {
  lua_pushinteger(L, function);
  lua_pushcclosure(L, body, 1);
}

static int refuse_name(lua_State *L) {
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  return luaL_error(L, "mg.%s has no function '%s'", lua_tostring(L, lua_upvalueindex(1)), name);
}

// Replaces the table on top by its table of that name, which is made if it is missing.
static void enter_group(lua_State *L, const char *name, size_t length) {
  lua_pushlstring(L, name, length);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushlstring(L, name, length);
    lua_pushcclosure(L, refuse_name, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pushlstring(L, name, length);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_remove(L, -2);
}

// A name with a dot, as in `noise.gaussian`, goes into a table inside the library.
static int define(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  const char *dot = strchr(what->name, '.'), *last = dot ? dot + 1 : what->name;
  push_trampoline(L, what->function, mg_lua_trampoline);
  const void *tables[] = {what->is_function ? &mg_lua_key_functions : NULL,
                          what->is_method ? &mg_lua_key_methods : NULL};
  for (int i = 0; i < 2; i++) {
    if (!tables[i]) continue;
    lua_rawgetp(L, LUA_REGISTRYINDEX, tables[i]);
    if (dot) enter_group(L, what->name, (size_t)(dot - what->name));
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, last);
    lua_settop(L, 2);
  }
  return 0;
}

bool mg_lua_define(mg_lua *state, const char *name, int64_t function, bool is_function,
                   bool is_method) {
  entry what = {.name = name,
                .function = function,
                .is_function = is_function,
                .is_method = is_method};
  return protect(state, define, &what);
}

static int define_meta(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  lua_CFunction body = mg_lua_trampoline;
  if (strcmp(what->name, "__unm") == 0 || strcmp(what->name, "__len") == 0) body = call_unary;
  if (what->kind == mg_lua_tensor && strcmp(what->name, "__index") == 0) body = index_tensor;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_metatables[what->kind]);
  push_trampoline(L, what->function, body);
  lua_setfield(L, -2, what->name);
  return 0;
}

bool mg_lua_define_meta(mg_lua *state, mg_lua_kind kind, const char *event, int64_t function) {
  entry what = {.name = event, .function = function, .kind = kind};
  return protect(state, define_meta, &what);
}

static int define_number(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_functions);
  lua_pushnumber(L, what->number);
  lua_setfield(L, -2, what->name);
  return 0;
}

bool mg_lua_define_number(mg_lua *state, const char *name, double value) {
  entry what = {.name = name, .number = value};
  return protect(state, define_number, &what);
}

static int define_unknown(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_mg);
  lua_getmetatable(L, -1);
  push_trampoline(L, what->function, index_mg);
  lua_setfield(L, -2, "__index");
  return 0;
}

bool mg_lua_define_unknown(mg_lua *state, int64_t function) {
  entry what = {.function = function};
  return protect(state, define_unknown, &what);
}

// The environment is asked here for names it does not have: a misspelt one would be nil, and fail far from
// here or nowhere. Upvalue 2: the names that were set at some time, if only to nil.
static int index_environment(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    lua_pushnil(L);
    return 1;
  }
  lua_settop(L, 2);
  lua_remove(L, 1);
  return mg_lua_trampoline(L);
}

static int set_environment(lua_State *L) {
  lua_pushvalue(L, 2);
  lua_pushboolean(L, 1);
  lua_rawset(L, lua_upvalueindex(1));
  lua_rawset(L, 1);
  return 0;
}

static int define_globals(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_environment);
  lua_newtable(L);
  lua_newtable(L);  // environment, metatable, names
  lua_pushinteger(L, what->function);
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, index_environment, 2);
  lua_setfield(L, -3, "__index");
  lua_pushcclosure(L, set_environment, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushliteral(L, "environment");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  return 0;
}

bool mg_lua_define_globals(mg_lua *state, int64_t function) {
  entry what = {.function = function};
  return protect(state, define_globals, &what);
}

static char key_record;

static int define_record(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  lua_newtable(L);
  push_trampoline(L, what->function, mg_lua_trampoline);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "record");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key_record);
  return 0;
}

bool mg_lua_define_record(mg_lua *state, int64_t function) {
  entry what = {.function = function};
  return protect(state, define_record, &what);
}

// Neither reading the registry nor setting a metatable allocates.
bool mg_lua_make_record(lua_State *L, int table) {
  table = lua_absindex(L, table);
  if (!lua_checkstack(L, 1)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key_record);
  lua_setmetatable(L, table);
  return true;
}

static int define_loader(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  push_trampoline(L, what->function, mg_lua_trampoline);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_loader);
  return 0;
}

bool mg_lua_define_loader(mg_lua *state, int64_t function) {
  entry what = {.function = function};
  return protect(state, define_loader, &what);
}

static int define_table_text(lua_State *L) {
  entry *what = lua_touserdata(L, 1);
  push_trampoline(L, what->function, mg_lua_trampoline);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_table_text);
  return 0;
}

bool mg_lua_define_table_text(mg_lua *state, int64_t function) {
  entry what = {.function = function};
  return protect(state, define_table_text, &what);
}

// Pushing an object.

typedef struct {
  mg_lua_kind kind;
  mg_lua_handle handle;
} object;

static int make_object(lua_State *L) {
  object *what = lua_touserdata(L, 1);
  mg_lua_box *box = new_box(L, what->kind);
  box->handle = what->handle;
  box->is_live = true;
  return 1;
}

bool mg_lua_push_object(lua_State *L, mg_lua_kind kind, mg_lua_handle handle) {
  object what = {kind, handle};
  if (!lua_checkstack(L, 3)) return false;
  lua_pushcfunction(L, make_object);
  lua_pushlightuserdata(L, &what);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

int mg_lua_object_at(lua_State *L, int index, mg_lua_handle *handle) {
  index = lua_absindex(L, index);
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_checkstack(L, 2)) return 0;
  if (!lua_getmetatable(L, index)) return 0;
  int found = 0;
  for (int kind = mg_lua_tensor; kind <= mg_lua_definition && !found; kind++) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_metatables[kind]);
    if (lua_rawequal(L, -1, -2)) found = kind;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  const mg_lua_box *box = lua_touserdata(L, index);
  if (!found || !box->is_live) return 0;
  *handle = box->handle;
  return found;
}
