/* One sentence about what went wrong, held by the context: what it was, what was found, what was expected. */
#include "runtime/core/context.h"
#include <stdarg.h>
#include <stdio.h>

kiln_status kiln_fail(kiln_context *context, kiln_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int used = snprintf(context->message, sizeof context->message, "%.100s: ", context->model->info.name);
  vsnprintf(context->message + used, sizeof context->message - used, format, arguments);
  va_end(arguments);
  if (context->options.error)
    context->options.error(context->options.user, status, context->message);
  return status;
}

const char *kiln_message(const kiln_context *context) {
  return context ? context->message : "no context: there was no memory for one";
}
