/* In: a format and what it names. Out: the error's text. */
#include "runtime/train/error.h"
#include <stdarg.h>
#include <stdio.h>

bool kiln_error_set(kiln_error *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return false;
}
