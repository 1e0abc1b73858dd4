// The life of a sandboxed state: counted memory, the stop flag and the hook that obeys it.
#include <stdlib.h>
#include <string.h>

#include "private.h"

// Instructions between looks at the stop flag: few, as each may go through a whole string.
enum { hook_interval = 100 };

static void *allocate(void *data, void *pointer, size_t old_size, size_t new_size) {
  mg_lua *state = data;
  if (pointer == NULL) {
    // Then it is a type tag, not a size. The limit leaves room for what Lua puts before the bytes.
    if (old_size == LUA_TSTRING && new_size > mg_lua_string_limit + 64) return NULL;
    old_size = 0;
  }
  if (new_size == 0) {
    free(pointer);
    state->used -= old_size;
    return NULL;
  }
  if (new_size > old_size) {
    if (state->limit && state->used + (new_size - old_size) > state->limit) return NULL;
    if (state->allocations_until_failure == 1) return NULL;
    if (state->allocations_until_failure > 1) state->allocations_until_failure--;
  }
  void *result = realloc(pointer, new_size);
  if (result) state->used += new_size - old_size;
  return result;
}

int mg_lua_raise_stop(lua_State *L) {
  lua_pushliteral(L, "stopped");
  return lua_error(L);
}

// A yield cannot be caught by pcall. Where a C frame forbids it, an error is raised, and our own
// pcall passes it on while the flag is up.
static void obey_stop(lua_State *L, lua_Debug *record) {
  (void)record;
  if (!mg_lua_is_stopping(L)) return;
  if (lua_isyieldable(L)) {
    lua_yield(L, 0);
  } else {
    mg_lua_raise_stop(L);
  }
}

static int prepare(lua_State *L) {
  mg_lua_make_metatables(L);
  mg_lua_make_environment(L);
  return 0;
}

mg_lua *mg_lua_open(const mg_lua_host *host, size_t memory_limit) {
  mg_lua *state = calloc(1, sizeof *state);
  if (!state) return NULL;
  state->host = *host;
  lua_State *L = lua_newstate(allocate, state);
  if (!L) {
    free(state);
    return NULL;
  }
  state->L = L;
  *(mg_lua **)lua_getextraspace(L) = state;
  lua_pushcfunction(L, prepare);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    mg_lua_close(state);
    return NULL;
  }
  lua_sethook(L, obey_stop, LUA_MASKCOUNT, hook_interval);
  state->limit = memory_limit;
  return state;
}

void mg_lua_close(mg_lua *state) {
  if (!state) return;
  lua_close(state->L);
  free(state);
}

struct lua_State *mg_lua_main(mg_lua *state) { return state->L; }
size_t mg_lua_bytes(const mg_lua *state) { return state->used; }
void mg_lua_fail_allocation(mg_lua *state, long n) { state->allocations_until_failure = n; }

void mg_lua_stop(mg_lua *state, mg_lua_stop_reason reason) {
  int running = mg_lua_running;
  atomic_compare_exchange_strong(&state->stop, &running, (int)reason);
}

void mg_lua_begin(mg_lua *state) {
  atomic_store(&state->stop, mg_lua_running);
  state->lines_printed = 0;
}

// A graph hangs on every tensor Lua has not collected yet, so none may linger between calls. Only
// our own finalizers exist, and they do not raise.
void mg_lua_end(mg_lua *state) {
  atomic_store(&state->stop, mg_lua_running);
  lua_gc(state->L, LUA_GCCOLLECT);
}

void mg_lua_collect(lua_State *L) { lua_gc(L, LUA_GCCOLLECT); }

const mg_lua_failure *mg_lua_last_failure(const mg_lua *state) { return &state->failure; }
