// Loading and calling, with everything a person needs to know about a failure.
#include <string.h>

#include "private.h"

// Raised inside run_call once the failure is on record.
static char recorded;

static void clear(mg_lua *state, mg_lua_failure_kind kind) {
  state->source[0] = state->text[0] = state->traceback[0] = 0;
  state->failure = (mg_lua_failure){
      .kind = kind, .source = state->source, .text = state->text, .traceback = state->traceback};
}

static void set_text(mg_lua *state, const char *text, size_t length) {
  if (length > mg_lua_text_limit) length = mg_lua_text_limit;
  memcpy(state->text, text, length);
  state->text[length] = 0;
  state->failure.text_length = length;
}

// Turning an error object into text may run a plugin's __tostring: only ever protected.
static int text_of(lua_State *L) {
  lua_settop(L, 1);
  return mg_lua_plain_tostring(L);
}

// The error object is on top of L. One of ours stays there, lest it be collected before it is read.
static void describe(mg_lua *state, lua_State *L) {
  mg_lua_failure *failure = &state->failure;
  int type = lua_type(L, -1);
  failure->has_object = mg_lua_object_at(L, -1, &failure->object) == mg_lua_error_object;
  if (failure->has_object) return;
  // Of a plain text nothing is run or made: it is there even where the C stack is exhausted.
  if (type == LUA_TSTRING) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    set_text(state, text, length);
    return;
  }
  bool is_plain = type == LUA_TNUMBER;
  lua_pushcfunction(L, text_of);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    if (is_plain || strcmp(text, lua_typename(L, type)) != 0) set_text(state, text, length);
  }
  lua_pop(L, 1);
  if (failure->text_length == 0 && !is_plain) {
    const char *text =
        lua_pushfstring(L, "error raised with a %s instead of a message", lua_typename(L, type));
    set_text(state, text, strlen(text));
    lua_pop(L, 1);
  }
}

static mg_lua_failure_kind kind_of(mg_lua *state, int status) {
  int stop = atomic_load(&state->stop);
  if (stop == mg_lua_memory || (!stop && status == LUA_ERRMEM)) return mg_lua_failed_memory;
  if (stop || status == LUA_YIELD) return mg_lua_failed_deadline;
  return status == LUA_ERRSYNTAX ? mg_lua_failed_syntax : mg_lua_failed_error;
}

// The failed coroutine still has its stack: it says where.
static void record(mg_lua *state, lua_State *L, lua_State *failed, int status) {
  mg_lua_failure *failure = &state->failure;
  clear(state, kind_of(state, status));
  failure->line = mg_lua_line_from(failed, 0, state->source, sizeof state->source);
  if (status != LUA_YIELD && failure->kind == mg_lua_failed_error) {
    lua_xmove(failed, L, 1);
    describe(state, L);
    // A __tostring that was stopped counts as the plugin's time.
    failure->kind = kind_of(state, status);
  }
  luaL_traceback(L, failed, NULL, 0);
  const char *traceback = lua_tostring(L, -1);
  strncpy(state->traceback, traceback, mg_lua_text_limit);
  state->traceback[mg_lua_text_limit] = 0;
}

// Arguments: the function and its arguments.
static int run_call(lua_State *L) {
  mg_lua *state = mg_lua_of(L);
  int count = lua_gettop(L), results = 0;
  lua_State *inner = lua_newthread(L);
  lua_insert(L, 1);
  if (!lua_checkstack(inner, count + 1)) return luaL_error(L, "too many arguments");
  lua_xmove(L, inner, count);
  int status = lua_resume(inner, L, count - 1, &results);
  if (status == LUA_OK) {
    luaL_checkstack(L, results + 1, "too many results");
    lua_xmove(inner, L, results);
    return results;
  }
  luaL_checkstack(L, 8, NULL);
  record(state, L, inner, status);
  lua_pushlightuserdata(L, &recorded);
  return lua_error(L);
}

int mg_lua_call(mg_lua *state, lua_State *L, int arguments) {
  int below = lua_gettop(L) - arguments - 1;
  if (!lua_checkstack(L, 8)) {
    lua_settop(L, below);
    clear(state, mg_lua_failed_memory);
    return -1;
  }
  lua_pushcfunction(L, run_call);
  lua_insert(L, below + 1);
  int status = lua_pcall(L, arguments + 1, LUA_MULTRET, 0);
  if (status == LUA_OK) return lua_gettop(L) - below;
  if (lua_touserdata(L, -1) != &recorded) {
    clear(state, kind_of(state, status));
    size_t length;
    const char *text = mg_lua_string_at(L, -1, &length);
    if (text) set_text(state, text, length);
  }
  lua_settop(L, below);
  return -1;
}

// Text only: a binary chunk could crash the interpreter.
static int compile(lua_State *L, const char *text, size_t length, const char *name) {
  int status = luaL_loadbufferx(L, text, length, name, "t");
  if (status != LUA_OK) return status;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mg_lua_key_environment);
  lua_setupvalue(L, -2, 1);
  return LUA_OK;
}

bool mg_lua_load(mg_lua *state, lua_State *L, const char *text, size_t length, const char *name) {
  clear(state, mg_lua_failed_memory);
  if (!lua_checkstack(L, 4)) return false;
  int status = compile(L, text, length, name);  // lua_load is protected by itself
  if (status == LUA_OK) return true;
  clear(state, kind_of(state, status));
  size_t message_length;
  const char *message = mg_lua_string_at(L, -1, &message_length);
  if (message) set_text(state, message, message_length);
  lua_pop(L, 1);
  return false;
}
