/* Finds the CUDA driver. It is the machine's, not ours to bring: a model must load, and say what is missing, where there is none. */
#define _GNU_SOURCE
#include "runtime/cuda/driver.h"
#include "runtime/core/context.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  size_t field;
} calls[] = {
#define KILN_DRIVER_ENTRY(field, name, arguments) {#name, offsetof(kiln_driver, field)},
    KILN_DRIVER_CALLS(KILN_DRIVER_ENTRY)
#undef KILN_DRIVER_ENTRY
};

const char *kiln_driver_error(const kiln_driver *driver, CUresult error, char text[KILN_DRIVER_ERROR]) {
  const char *name = NULL, *sentence = NULL;
  driver->error_name(error, &name);
  driver->error_string(error, &sentence);
  snprintf(text, KILN_DRIVER_ERROR, "%s (%s)", name ? name : "unknown CUDA error", sentence ? sentence : "no text");
  return text;
}

kiln_status kiln_open_driver(kiln_context *context, kiln_driver *driver) {
  const char *chosen = secure_getenv("KILN_CUDA_DRIVER");
  const char *path = chosen && chosen[0] ? chosen : "libcuda.so.1";
  /* It starts threads of its own, so its code stays where it is. */
  driver->library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (driver->library == NULL)
    return kiln_fail(context, KILN_NO_DEVICE, "no CUDA driver: %.200s", dlerror());
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) {
    void *symbol = dlsym(driver->library, calls[i].name);
    if (symbol == NULL)
      return kiln_fail(context, KILN_NO_DEVICE, "the CUDA driver %.200s has no %s: expected one of CUDA 11.4 or later", path,
                       calls[i].name);
    memcpy((char *)driver + calls[i].field, &symbol, sizeof symbol);
  }
  char text[KILN_DRIVER_ERROR];
  CUresult error = driver->init(0);
  if (error == CUDA_SUCCESS)
    error = driver->driver_version(&driver->version);
  if (error != CUDA_SUCCESS)
    return kiln_fail(context, KILN_NO_DEVICE, "the CUDA driver %.200s does not start: %s", path,
                     kiln_driver_error(driver, error, text));
  return KILN_OK;
}

void kiln_close_driver(kiln_driver *driver) {
  if (driver->library)
    dlclose(driver->library);
}
