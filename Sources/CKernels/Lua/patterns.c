// Lua's pattern matching can backtrack for longer than anybody waits, in one call that no hook
// interrupts. Before such a call the search is walked through here, counting steps: what takes too
// many is refused. The walk depends on subject and pattern alone, so it is the same every time.
#include <ctype.h>
#include <string.h>

#include "private.h"

enum { step_limit = 20 * 1000 * 1000, depth_limit = 200, capture_limit = 32 };

typedef struct {
  const char *start;
  ptrdiff_t length;  // open_capture while it is open
} capture;

enum { open_capture = -1 };

typedef struct {
  const char *subject, *end, *pattern_end;
  long steps;
  int depth, level;
  bool is_malformed;  // the pattern: Lua's own function will say so
  capture captures[capture_limit];
} walk;

static const char *give_up(walk *w) {
  w->is_malformed = true;
  return NULL;
}

// Past one character class: a character, %x or [set].
static const char *class_end(walk *w, const char *p) {
  if (*p == '%') return p + 1 < w->pattern_end ? p + 2 : give_up(w);
  if (*p != '[') return p + 1;
  p++;
  if (p < w->pattern_end && *p == '^') p++;
  do {
    if (p >= w->pattern_end) return give_up(w);
    p += *p == '%' ? 2 : 1;
  } while (p >= w->pattern_end || *p != ']');
  return p + 1;
}

static bool in_class(int c, int class) {
  bool result;
  switch (tolower(class)) {
    case 'a': result = isalpha(c); break;
    case 'c': result = iscntrl(c); break;
    case 'd': result = isdigit(c); break;
    case 'g': result = isgraph(c); break;
    case 'l': result = islower(c); break;
    case 'p': result = ispunct(c); break;
    case 's': result = isspace(c); break;
    case 'u': result = isupper(c); break;
    case 'w': result = isalnum(c); break;
    case 'x': result = isxdigit(c); break;
    default: return class == c;
  }
  return isupper(class) ? !result : result;
}

// `p` is at '[', `last` at the ']' that ends the set.
static bool in_set(int c, const char *p, const char *last) {
  bool found = true;
  p++;
  if (*p == '^') {
    found = false;
    p++;
  }
  for (; p < last; p++) {
    if (*p == '%') {
      p++;
      if (in_class(c, (unsigned char)*p)) return found;
    } else if (p + 2 < last && p[1] == '-') {
      if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return found;
      p += 2;
    } else if ((unsigned char)*p == c) {
      return found;
    }
  }
  return !found;
}

static bool fits(walk *w, const char *s, const char *p, const char *class_last) {
  if (s >= w->end) return false;
  int c = (unsigned char)*s;
  switch (*p) {
    case '.': return true;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(c, p, class_last - 1);
    default: return (unsigned char)*p == c;
  }
}

static const char *match(walk *w, const char *s, const char *p);

static bool is_spent(walk *w) { return w->is_malformed || w->steps > step_limit; }

static const char *balanced(walk *w, const char *s, const char *p) {
  if (p + 1 >= w->pattern_end) return give_up(w);
  if (s >= w->end || *s != p[0]) return NULL;
  int open = 1;
  for (const char *at = s + 1; at < w->end; at++) {
    w->steps++;
    if (*at == p[1]) {
      if (--open == 0) return at + 1;
    } else if (*at == p[0]) {
      open++;
    }
  }
  return NULL;
}

static const char *frontier(walk *w, const char *s, const char *p) {
  if (p >= w->pattern_end || *p != '[') return give_up(w);
  const char *rest = class_end(w, p);
  if (!rest) return NULL;
  int before = s == w->subject ? 0 : (unsigned char)s[-1];
  int here = s < w->end ? (unsigned char)*s : 0;
  if (in_set(before, p, rest - 1) || !in_set(here, p, rest - 1)) return NULL;
  return match(w, s, rest);
}

static const char *back_reference(walk *w, const char *s, int digit) {
  int index = digit - '1';
  if (index < 0 || index >= w->level || w->captures[index].length < 0) return give_up(w);
  size_t length = (size_t)w->captures[index].length;
  w->steps += (long)(length / 16);
  if ((size_t)(w->end - s) < length) return NULL;
  return memcmp(w->captures[index].start, s, length) == 0 ? s + length : NULL;
}

static const char *open_group(walk *w, const char *s, const char *p) {
  if (w->level >= capture_limit) return give_up(w);
  bool is_position = p + 1 < w->pattern_end && p[1] == ')';
  w->captures[w->level] = (capture){s, is_position ? 0 : open_capture};
  w->level++;
  const char *result = match(w, s, p + (is_position ? 2 : 1));
  if (!result) w->level--;
  return result;
}

static const char *close_group(walk *w, const char *s, const char *p) {
  int index = w->level - 1;
  while (index >= 0 && w->captures[index].length != open_capture) index--;
  if (index < 0) return give_up(w);
  w->captures[index].length = s - w->captures[index].start;
  const char *result = match(w, s, p + 1);
  if (!result) w->captures[index].length = open_capture;
  return result;
}

// One class with what is repeated of it, then the rest.
static const char *repeated(walk *w, const char *s, const char *p, const char *rest) {
  char sign = rest < w->pattern_end ? *rest : 0;
  ptrdiff_t count = 0;
  switch (sign) {
    case '?': {
      const char *result = fits(w, s, p, rest) ? match(w, s + 1, rest + 1) : NULL;
      return result || is_spent(w) ? result : match(w, s, rest + 1);
    }
    case '+':
      if (!fits(w, s, p, rest)) return NULL;
      s++;
      __attribute__((fallthrough));
    case '*':
      while (fits(w, s + count, p, rest)) count++;
      w->steps += count;
      for (; count >= 0 && !is_spent(w); count--) {
        const char *result = match(w, s + count, rest + 1);
        if (result) return result;
      }
      return NULL;
    case '-':
      while (!is_spent(w)) {
        const char *result = match(w, s, rest + 1);
        if (result) return result;
        if (!fits(w, s, p, rest)) return NULL;
        s++;
      }
      return NULL;
    default: return fits(w, s, p, rest) ? match(w, s + 1, rest) : NULL;
  }
}

// Whether `p` is at something other than a class: a group, a balanced text, a frontier, a reference.
static bool is_group(const walk *w, const char *p) {
  if (*p == '(' || *p == ')') return true;
  if (*p != '%' || p + 1 >= w->pattern_end) return false;
  return p[1] == 'b' || p[1] == 'f' || isdigit((unsigned char)p[1]);
}

// The end of the match of `p` at `s`, NULL if there is none.
static const char *match(walk *w, const char *s, const char *p) {
  if (is_spent(w)) return NULL;
  w->steps++;
  // Classes that are not repeated go on in the loop: they need no depth.
  while (p < w->pattern_end && !is_group(w, p)) {
    if (*p == '$' && p + 1 == w->pattern_end) return s == w->end ? s : NULL;
    const char *rest = class_end(w, p);
    if (!rest) return NULL;
    if (rest < w->pattern_end && memchr("*+-?", *rest, 4)) break;
    if (!fits(w, s, p, rest)) return NULL;
    w->steps++;
    s++;
    p = rest;
  }
  if (p >= w->pattern_end) return s;
  if (++w->depth > depth_limit) {
    w->steps = step_limit + 1;
    return NULL;
  }
  const char *result, *rest;
  if (*p == '(') {
    result = open_group(w, s, p);
  } else if (*p == ')') {
    result = close_group(w, s, p);
  } else if (is_group(w, p) && p[1] == 'b') {
    result = balanced(w, s, p + 2);
    if (result) result = match(w, result, p + 4);
  } else if (is_group(w, p) && p[1] == 'f') {
    result = frontier(w, s, p + 2);
  } else if (is_group(w, p)) {
    result = back_reference(w, s, p[1]);
    if (result) result = match(w, result, p + 2);
  } else {
    rest = class_end(w, p);
    result = rest ? repeated(w, s, p, rest) : NULL;
  }
  w->depth--;
  return result;
}

// Walks through a search from `init` on: for one match, or for all.
static void check(lua_State *L, const char *name, ptrdiff_t init, bool all) {
  size_t length, pattern_length;
  const char *s = luaL_checklstring(L, 1, &length);
  const char *p = luaL_checklstring(L, 2, &pattern_length);
  walk w = {.subject = s, .end = s + length, .pattern_end = p + pattern_length};
  bool is_anchored = pattern_length > 0 && *p == '^';
  if (is_anchored) p++;
  const char *last = NULL;
  for (const char *at = s + init; at <= w.end; at++) {
    w.level = w.depth = 0;
    const char *end = match(&w, at, p);
    if (w.is_malformed) return;
    if (w.steps > step_limit) {
      luaL_error(L, "string.%s: the pattern takes too many steps on a text of %I bytes", name,
                 (lua_Integer)length);
    }
    if (end && !all) return;
    if (end && end != last) {
      last = end;
      if (end > at) at = end - 1;
    }
    if (is_anchored) return;
  }
}

static int call(lua_State *L) {
  if (mg_lua_is_stopping(L)) return mg_lua_raise_stop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

// Where a search begins, from its third argument; -1 where there is none.
static ptrdiff_t start(lua_State *L) {
  size_t length;
  luaL_checklstring(L, 1, &length);
  lua_Integer init = luaL_optinteger(L, 3, 1);
  if (init < 0) init = (lua_Unsigned)-init > length ? 1 : (lua_Integer)length + init + 1;
  if (init < 1) init = 1;
  return (lua_Unsigned)init > length + 1 ? -1 : (ptrdiff_t)(init - 1);
}

int mg_lua_find(lua_State *L) {
  size_t length, pattern_length;
  luaL_checklstring(L, 1, &length);
  const char *p = luaL_checklstring(L, 2, &pattern_length);
  ptrdiff_t init = start(L);
  if (lua_toboolean(L, 4) || strlen(p) != pattern_length || !strpbrk(p, "^$*+?.([%-")) {
    // Plain text: length times length at worst, in fast comparisons.
    if (pattern_length > 0 && length / pattern_length < length &&
        (double)length * (double)pattern_length > 2e9) {
      return luaL_error(L, "string.find: searching so long a text in so long a text takes too long");
    }
    return call(L);
  }
  if (init >= 0) check(L, "find", init, false);
  return call(L);
}

int mg_lua_match(lua_State *L) {
  ptrdiff_t init = start(L);
  if (init >= 0) check(L, "match", init, false);
  return call(L);
}

int mg_lua_gmatch(lua_State *L) {
  ptrdiff_t init = start(L);
  if (init >= 0) check(L, "gmatch", init, true);
  return call(L);
}

int mg_lua_gsub(lua_State *L) {
  check(L, "gsub", 0, true);
  return call(L);
}
