/* The header of an npy file: a Python dictionary of three known keys, in any order, and nothing else. It comes from anybody. */
#include "runtime/core/tensor.h"
#include "runtime/main/npy.h"
#include <string.h>

/* NumPy's names; it has none for bfloat16, which ml_dtypes writes as two raw bytes. */
static const struct {
  char name[4];
  kiln_dtype dtype;
} descriptions[] = {{"f4", KILN_F32}, {"f8", KILN_F64}, {"f2", KILN_F16}, {"V2", KILN_BF16}, {"i1", KILN_I8},
                    {"i2", KILN_I16}, {"i4", KILN_I32}, {"i8", KILN_I64}, {"u1", KILN_U8},   {"u2", KILN_U16},
                    {"u4", KILN_U32}, {"u8", KILN_U64}, {"b1", KILN_BOOL}};

static bool fail(kiln_npy *npy, const char *what) {
  snprintf(npy->error, sizeof npy->error, "%s", what);
  return false;
}

static void skip_spaces(const char **text) { *text += strspn(*text, " \t\n"); }

static bool take(const char **text, const char *token) {
  skip_spaces(text);
  size_t length = strlen(token);
  if (strncmp(*text, token, length) != 0)
    return false;
  *text += length;
  return true;
}

/* A quoted word of at most 15 characters, without escapes. */
static bool take_word(const char **text, char word[16]) {
  skip_spaces(text);
  char quote = **text;
  if (quote != '\'' && quote != '"')
    return false;
  size_t length = strcspn(*text + 1, quote == '"' ? "\"\\" : "'\\");
  if (length > 15 || (*text)[1 + length] != quote)
    return false;
  memcpy(word, *text + 1, length);
  word[length] = 0;
  *text += length + 2;
  return true;
}

static bool take_type(kiln_npy *npy, const char **text) {
  char word[16];
  if (!take_word(text, word))
    return fail(npy, "its dtype is no plain number type");
  for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; ++i)
    if (word[0] && strcmp(word + 1, descriptions[i].name) == 0) {
      npy->dtype = descriptions[i].dtype;
      if (word[0] == '<' || (word[0] == '|' && (word[2] == '1' || word[1] == 'V')))
        return true;
      if (word[0] == '>' && word[2] != '1')
        return fail(npy, "it is big endian, expected little endian");
    }
  snprintf(npy->error, sizeof npy->error, "its dtype '%s' is not supported", word);
  return false;
}

static bool take_dimension(const char **text, int64_t *dimension) {
  skip_spaces(text);
  const char *start = *text;
  for (*dimension = 0; **text >= '0' && **text <= '9'; ++*text)
    if (__builtin_mul_overflow(*dimension, 10, dimension) || __builtin_add_overflow(*dimension, **text - '0', dimension))
      return false;
  bool digits = *text > start;
  *text += digits && **text == 'L'; /* Python 2 */
  return digits;
}

static bool take_shape(kiln_npy *npy, const char **text) {
  if (!take(text, "("))
    return fail(npy, "its header's shape is no tuple");
  npy->rank = 0;
  while (!take(text, ")")) {
    if (npy->rank > KILN_MAX_RANK)
      return fail(npy, "it has too many dimensions");
    if (!take_dimension(text, &npy->shape[npy->rank++]))
      return fail(npy, "its header's shape holds something other than sizes");
    if (!take(text, ",")) {
      if (!take(text, ")"))
        return fail(npy, "its header's shape is no tuple");
      break;
    }
  }
  if (kiln_elements(npy->rank, npy->shape) < 0)
    return fail(npy, "its shape is impossibly large");
  return true;
}

bool kiln_npy_parse(kiln_npy *npy, const char *text) {
  bool type = false, order = false, shape = false;
  if (!take(&text, "{"))
    return fail(npy, "its header is no dictionary");
  while (!take(&text, "}")) {
    char key[16];
    if (!take_word(&text, key) || !take(&text, ":"))
      return fail(npy, "its header is no dictionary of descr, fortran_order and shape");
    if (strcmp(key, "descr") == 0 && !type) {
      if (!take_type(npy, &text))
        return false;
      type = true;
    } else if (strcmp(key, "fortran_order") == 0 && !order) {
      if (take(&text, "True"))
        return fail(npy, "it is in Fortran order, expected C order (numpy.ascontiguousarray)");
      if (!take(&text, "False"))
        return fail(npy, "its header's fortran_order is neither True nor False");
      order = true;
    } else if (strcmp(key, "shape") == 0 && !shape) {
      if (!take_shape(npy, &text))
        return false;
      shape = true;
    } else {
      snprintf(npy->error, sizeof npy->error, "its header has an unexpected key '%s'", key);
      return false;
    }
    if (!take(&text, ",")) {
      if (!take(&text, "}"))
        return fail(npy, "its header is no dictionary of descr, fortran_order and shape");
      break;
    }
  }
  skip_spaces(&text);
  if (*text)
    return fail(npy, "its header goes on after the dictionary");
  return type && order && shape ? true : fail(npy, "its header lacks descr, fortran_order or shape");
}
