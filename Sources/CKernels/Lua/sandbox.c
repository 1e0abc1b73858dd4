// What a plugin can reach: an allow-list, built anew for each state.
#include <string.h>

#include "private.h"

enum { print_limit_lines = 200, move_limit = 1 << 24, sort_limit = 1 << 21 };

char mg_lua_key_environment, mg_lua_key_mg, mg_lua_key_table_text;

// pcall and xpcall: as in the manual, except that a stop and a lack of memory cannot be caught, and
// that xpcall's handler runs after unwinding, where the hook is active.

static void pass_on_stop(lua_State *L, int status) {
  if (status == LUA_ERRMEM) mg_lua_stop(mg_lua_of(L), mg_lua_memory);
  if (mg_lua_is_stopping(L)) lua_error(L);
}

static int finish_pcall(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L);
  pass_on_stop(L, status);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

static int own_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
  return finish_pcall(L, status, 0);
}

static int finish_handler(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status != LUA_OK && status != LUA_YIELD) pass_on_stop(L, status);
  lua_pushboolean(L, 0);
  lua_replace(L, 1);
  return lua_gettop(L);
}

// Stack: handler, true, results or error.
static int finish_xpcall(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 1;
  pass_on_stop(L, status);
  lua_replace(L, 2);
  lua_settop(L, 2);
  lua_pushnil(L);
  lua_insert(L, 1);  // nil, handler, error
  status = lua_pcallk(L, 1, LUA_MULTRET, 0, 0, finish_handler);
  return finish_handler(L, status, 0);
}

static int own_xpcall(lua_State *L) {
  int arguments = lua_gettop(L) - 2;
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushboolean(L, 1);
  lua_insert(L, 3);     // f, handler, true, arguments
  lua_pushvalue(L, 1);
  lua_insert(L, 4);     // f, handler, true, f, arguments
  lua_remove(L, 1);
  int status = lua_pcallk(L, arguments, LUA_MULTRET, 0, 0, finish_xpcall);
  return finish_xpcall(L, status, 0);
}

// Weak tables, finalizers and closers reach bugs of Lua 5.4.4. The metatable is copied, so that
// such a key cannot be added later.
static int own_setmetatable(lua_State *L) {
  static const char *const refused[] = {"__gc", "__mode", "__close", "__metatable"};
  luaL_checktype(L, 1, LUA_TTABLE);
  int type = lua_type(L, 2);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    return luaL_error(L, "cannot change a protected metatable");
  }
  lua_settop(L, 2);
  if (type == LUA_TTABLE) {
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 2);) {
      const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
      for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (strcmp(key, refused[i]) == 0) {
          return luaL_error(L, "setmetatable: '%s' is not available in plugins", key);
        }
      }
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, 3);
    }
  }
  lua_setmetatable(L, 1);
  lua_settop(L, 1);
  return 1;
}

// Text without memory addresses: they would differ from run to run.
int mg_lua_plain_tostring(lua_State *L) {
  int type = lua_type(L, -1);
  int has_own = luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL;
  if (has_own) lua_pop(L, 1);
  bool is_plain = type <= LUA_TSTRING && type != LUA_TLIGHTUSERDATA;
  if (has_own || is_plain) {
    luaL_tolstring(L, -1, NULL);
  } else {
    lua_pushstring(L, luaL_typename(L, -1));
  }
  return 1;
}

static int own_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  return mg_lua_plain_tostring(L);
}

// What `print` shows of the value on top: of a plain table its content, as the host writes it; one that it
// cannot read, such as one that contains itself, is "table".
static void shown(lua_State *L) {
  bool is_plain = lua_type(L, -1) == LUA_TTABLE;
  if (is_plain && luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    is_plain = false;
  }
  if (!is_plain) {
    mg_lua_plain_tostring(L);
    return;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_table_text);
  lua_pushvalue(L, -2);
  int status = lua_pcall(L, 1, 1, 0);
  if (status == LUA_OK) return;
  pass_on_stop(L, status);
  lua_pop(L, 1);
  lua_pushliteral(L, "table");
}

static int own_print(lua_State *L) {
  mg_lua *state = mg_lua_of(L);
  if (mg_lua_is_stopping(L)) return mg_lua_raise_stop(L);
  if (state->lines_printed > print_limit_lines) return 0;
  if (state->lines_printed++ == print_limit_lines) {
    static const char rest[] = "(more output of this call is left out)";
    state->host.print(state->host.context, rest, sizeof rest - 1);
    return 0;
  }
  int count = lua_gettop(L);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (int i = 1; i <= count; i++) {
    if (i > 1) luaL_addchar(&buffer, '\t');
    lua_pushvalue(L, i);
    shown(L);
    lua_remove(L, -2);
    luaL_addvalue(&buffer);
  }
  luaL_pushresult(&buffer);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  if (length > mg_lua_text_limit) length = mg_lua_text_limit;
  state->host.print(state->host.context, text, length);
  return 0;
}

// Library functions that would run long in one C call. Upvalue 1 is Lua's own.

static int call_original(lua_State *L) {
  if (mg_lua_is_stopping(L)) return mg_lua_raise_stop(L);
  // In this call's own frame: messages say the name and the line that a person wrote.
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int own_rep(lua_State *L) {
  size_t length, separator;
  luaL_checklstring(L, 1, &length);
  lua_Integer count = luaL_checkinteger(L, 2);
  luaL_optlstring(L, 3, "", &separator);
  if (count > 0 && length + separator == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (count > 0 && (size_t)count > mg_lua_string_limit / (length + separator)) {
    return luaL_error(L, "not enough memory: string.rep would make more than 2 MB");
  }
  return call_original(L);
}

static int own_move(lua_State *L) {
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
  if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first >= move_limit) {
    return luaL_error(L, "table.move: too many elements to move");
  }
  return call_original(L);
}

// What a table claims by __len, no memory bounds: the loops over it would never end.
static void check_length(lua_State *L, lua_Unsigned limit, const char *name) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL) {
    luaL_error(L, "table.%s: tables with __len are not taken", name);
  }
  if (lua_rawlen(L, 1) > limit) luaL_error(L, "table.%s: too many elements", name);
}

static int own_insert(lua_State *L) {
  check_length(L, LUA_MAXINTEGER, "insert");
  return call_original(L);
}

static int own_remove(lua_State *L) {
  check_length(L, LUA_MAXINTEGER, "remove");
  return call_original(L);
}

static int own_concat(lua_State *L) {
  check_length(L, LUA_MAXINTEGER, "concat");
  return call_original(L);
}

// Sorting by < is one call of C, however long the texts are that it compares.
static int is_less(lua_State *L) {
  if (mg_lua_is_stopping(L)) return mg_lua_raise_stop(L);
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
  return 1;
}

static int own_sort(lua_State *L) {
  check_length(L, sort_limit, "sort");
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    lua_pushcfunction(L, is_less);
  }
  return call_original(L);
}

// Copies what may be seen of the library at the top into a new table; replaces it on the stack.
static void copy_library(lua_State *L, const char *const *left_out) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, -3);) {  // library, copy, key, value
    const char *key = lua_tostring(L, -2);
    int skip = 0;
    for (const char *const *name = left_out; *name; name++) skip |= strcmp(key, *name) == 0;
    if (skip) {
      lua_pop(L, 1);
    } else {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
    }
  }
  lua_remove(L, -2);
}

// In the table on top, puts `function` before the function of that name.
static void guard(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

// Each call of these is short, as texts are; in a loop they still must see that it is to stop.
static void guard_all(lua_State *L, const char *const *names) {
  for (; *names; names++) guard(L, *names, call_original);
}

static void open_library(lua_State *L, const char *name, lua_CFunction open,
                         const char *const *left_out) {
  luaL_requiref(L, name, open, 0);
  copy_library(L, left_out);
}

// The environment is at `environment`.
static void add_base(lua_State *L, int environment) {
  static const char *const allowed[] = {"assert", "error", "ipairs", "next",     "pairs",
                                        "select", "type",  "tonumber", "_VERSION", NULL};
  static const luaL_Reg own[] = {
      {"pcall", own_pcall}, {"xpcall", own_xpcall},   {"setmetatable", own_setmetatable},
      {"print", own_print}, {"tostring", own_tostring}, {"require", mg_lua_require}, {NULL, NULL}};
  luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
  for (const char *const *name = allowed; *name; name++) {
    lua_getfield(L, -1, *name);
    lua_setfield(L, environment, *name);
  }
  lua_pop(L, 1);
  lua_pushvalue(L, environment);
  luaL_setfuncs(L, own, 0);
  lua_pop(L, 1);
}

static void add_strings(lua_State *L, int environment) {
  static const char *const left_out[] = {"dump", NULL},
                    *const long_ones[] = {"byte", "char",    "format", "lower",  "pack",
                                          "packsize", "reverse", "sub", "unpack", "upper", NULL};
  open_library(L, LUA_STRLIBNAME, luaopen_string, left_out);
  guard_all(L, long_ones);
  guard(L, "rep", own_rep);
  guard(L, "find", mg_lua_find);
  guard(L, "match", mg_lua_match);
  guard(L, "gmatch", mg_lua_gmatch);
  guard(L, "gsub", mg_lua_gsub);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);  // library, "", metatable of all strings
  lua_pushvalue(L, -3);
  copy_library(L, left_out);  // the methods: a copy no plugin holds
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
  lua_setfield(L, environment, LUA_STRLIBNAME);
}

void mg_lua_make_environment(lua_State *L) {
  static const char *const random[] = {"random", "randomseed", NULL}, *const none[] = {NULL},
                    *const of_tables[] = {"pack", "unpack", NULL},
                    *const of_utf8[] = {"char", "codepoint", "len", "offset", NULL};
  lua_newtable(L);
  int environment = lua_gettop(L);
  add_base(L, environment);
  add_strings(L, environment);
  open_library(L, LUA_TABLIBNAME, luaopen_table, none);
  guard_all(L, of_tables);
  guard(L, "insert", own_insert);
  guard(L, "remove", own_remove);
  guard(L, "concat", own_concat);
  guard(L, "sort", own_sort);
  guard(L, "move", own_move);
  lua_setfield(L, environment, LUA_TABLIBNAME);
  open_library(L, LUA_MATHLIBNAME, luaopen_math, random);
  lua_setfield(L, environment, LUA_MATHLIBNAME);
  open_library(L, LUA_UTF8LIBNAME, luaopen_utf8, none);
  guard_all(L, of_utf8);
  lua_setfield(L, environment, LUA_UTF8LIBNAME);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_mg);
  lua_pushvalue(L, -1);
  lua_setfield(L, environment, "mg");
  lua_setfield(L, environment, "moonglass");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mg_lua_key_environment);
}
