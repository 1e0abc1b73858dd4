// The sandboxed Lua state, as Swift sees it.
//
// Nothing declared here raises a Lua error: what could raise runs under lua_pcallk inside, so no
// longjmp ever crosses a Swift frame. A state is used by one thread at a time; only mg_lua_stop may
// be called from another.
#ifndef MG_LUA_BRIDGE_H
#define MG_LUA_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lua_State;
typedef struct mg_lua mg_lua;

// Names an object of the host that Lua holds: a slot and how often that slot was reused.
typedef struct {
  uint32_t slot, generation;
} mg_lua_handle;

typedef enum { mg_lua_tensor = 1, mg_lua_error_object, mg_lua_definition } mg_lua_kind;

typedef enum {
  mg_lua_running = 0,   // no reason to stop
  mg_lua_deadline = 1,  // the call took too long
  mg_lua_memory = 2,    // the allocator refused and the refusal was not handled
} mg_lua_stop_reason;

// What the host does for a state. None of these may raise; `context` is handed back untouched.
typedef struct {
  void *context;
  // Runs host function `function` for the arguments on L; returns the number of results it pushed,
  // or -1 to have the trampoline raise the error the host keeps ready.
  int (*call)(void *context, struct lua_State *L, int64_t function);
  // Hands over the error kept ready, told where in Lua the failing call stands ("" and 0 if
  // unknown).
  mg_lua_handle (*take_error)(void *context, const char *source, int line);
  // Lua has dropped its last reference to an object.
  void (*release)(void *context, mg_lua_handle handle);
  // One line of `print`, already cut.
  void (*print)(void *context, const char *text, size_t length);
} mg_lua_host;

// Why the latest protected call failed.
typedef enum {
  mg_lua_failed_error = 1,
  mg_lua_failed_syntax,
  mg_lua_failed_memory,
  mg_lua_failed_deadline,
} mg_lua_failure_kind;

typedef struct {
  mg_lua_failure_kind kind;
  bool has_object;  // the error raised is the host's own, `object`
  mg_lua_handle object;
  int line;  // innermost Lua line, 0 if none
  const char *source, *text, *traceback;  // valid until the next call; text may hold zero bytes
  size_t text_length;
} mg_lua_failure;

// Life of a state. `memory_limit` counts Lua's own bytes; 0 means none. NULL if it cannot be made.
mg_lua *mg_lua_open(const mg_lua_host *host, size_t memory_limit);
void mg_lua_close(mg_lua *state);
struct lua_State *mg_lua_main(mg_lua *state);
size_t mg_lua_bytes(const mg_lua *state);
// Lets all allocations from the n-th on fail; 0 switches it off. For tests.
void mg_lua_fail_allocation(mg_lua *state, long n);

// Asks whatever runs in the state to stop; callable from any thread.
void mg_lua_stop(mg_lua *state, mg_lua_stop_reason reason);
// Before an outermost call: clears the stop and the print allowance. After it: collects garbage.
void mg_lua_begin(mg_lua *state);
void mg_lua_end(mg_lua *state);
// Collects garbage during a call of the host's.
void mg_lua_collect(struct lua_State *L);

// Registration, right after opening. False without memory.
bool mg_lua_define(mg_lua *state, const char *name, int64_t function, bool is_function,
                   bool is_method);
bool mg_lua_define_meta(mg_lua *state, mg_lua_kind kind, const char *event, int64_t function);
bool mg_lua_define_number(mg_lua *state, const char *name, double value);
bool mg_lua_define_unknown(mg_lua *state, int64_t function);
// What is asked for a variable that was never set, with its name.
bool mg_lua_define_globals(mg_lua *state, int64_t function);
// What is asked for the keys a record does not have, with the record and the key.
bool mg_lua_define_record(mg_lua *state, int64_t function);
// The function that writes what `print` shows of a plain table.
bool mg_lua_define_table_text(mg_lua *state, int64_t function);
// The function that `require` asks for modules. From a name: the module's file, its source.
// From a name, a file, a module's version (nil if none) and the versions wanted: an error if these
// do not fit.
bool mg_lua_define_loader(mg_lua *state, int64_t function);

// Pushes the compiled chunk (text only). False: see mg_lua_last_failure.
bool mg_lua_load(mg_lua *state, struct lua_State *L, const char *text, size_t length,
                 const char *name);
// Calls the function below its `arguments`, on a coroutine of its own so that it can be stopped.
// Returns the number of results pushed, or -1: see mg_lua_last_failure.
int mg_lua_call(mg_lua *state, struct lua_State *L, int arguments);
const mg_lua_failure *mg_lua_last_failure(const mg_lua *state);

// Reading the stack.
typedef enum {
  mg_lua_is_nil,
  mg_lua_is_boolean,
  mg_lua_is_integer,
  mg_lua_is_number,
  mg_lua_is_string,
  mg_lua_is_table,
  mg_lua_is_function,
  mg_lua_is_object,
  mg_lua_is_other,
} mg_lua_type;

int mg_lua_top(struct lua_State *L);
void mg_lua_pop(struct lua_State *L, int count);
// Of a host object, `handle` is set.
mg_lua_type mg_lua_type_at(struct lua_State *L, int index, mg_lua_handle *handle);
bool mg_lua_boolean_at(struct lua_State *L, int index);
int64_t mg_lua_integer_at(struct lua_State *L, int index);
double mg_lua_number_at(struct lua_State *L, int index);
// The bytes of a string value, NULL for anything else.
const char *mg_lua_string_at(struct lua_State *L, int index, size_t *length);
// The kind of a host object, 0 for anything else.
int mg_lua_object_at(struct lua_State *L, int index, mg_lua_handle *handle);
const char *mg_lua_type_name(struct lua_State *L, int index);
size_t mg_lua_length_at(struct lua_State *L, int index);
bool mg_lua_push_element(struct lua_State *L, int index, int64_t position);
// Replaces the key on top by the next key and its value: 1; 0 at the end (the key is gone); -1 on
// failure.
int mg_lua_next(struct lua_State *L, int index);
// Where the Lua code that called into the host stands; where a function begins.
int mg_lua_caller_line(struct lua_State *L, char *source, size_t size);
int mg_lua_function_line(struct lua_State *L, int index, char *source, size_t size);

// Pushing. False, with nothing pushed, without memory or stack.
bool mg_lua_push_nil(struct lua_State *L);
bool mg_lua_push_boolean(struct lua_State *L, bool value);
bool mg_lua_push_integer(struct lua_State *L, int64_t value);
bool mg_lua_push_number(struct lua_State *L, double value);
bool mg_lua_push_string(struct lua_State *L, const char *bytes, size_t length);
bool mg_lua_push_table(struct lua_State *L, int elements, int fields);
bool mg_lua_push_object(struct lua_State *L, mg_lua_kind kind, mg_lua_handle handle);
// table[position] = value on top, table[name] = value on top; the value is popped in any case.
bool mg_lua_set_element(struct lua_State *L, int table, int64_t position);
bool mg_lua_set_field(struct lua_State *L, int table, const char *name, size_t length);

// Makes a table a record: its missing keys are asked for, and its metatable is nobody's to change.
bool mg_lua_make_record(struct lua_State *L, int table);

// Keeps the value at `index` alive under a number (> 0); 0 without memory.
int mg_lua_keep(struct lua_State *L, int index);
bool mg_lua_push_kept(struct lua_State *L, int reference);
void mg_lua_forget(struct lua_State *L, int reference);

#endif
