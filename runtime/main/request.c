/* Parses the command line. Options are `--name value` or `--name=value`; tensors are named as in the model, which may contain '='. */
#include "runtime/main/request.h"
#include "runtime/core/tensor.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int kiln_complain(const kiln_model *model, const char *format, ...) {
  va_list arguments;
  fflush(stdout);
  fprintf(stderr, "%s: error: ", model->info.name);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return KILN_EXIT_FAILURE;
}

static void list(FILE *to, const char *title, const kiln_tensor_info *tensors, int32_t count) {
  char text[KILN_DESCRIPTION];
  fprintf(to, "%s:\n", title);
  for (int32_t i = 0; i < count; ++i)
    fprintf(to, "  %s  %s\n", tensors[i].name, kiln_describe(text, tensors[i].dtype, tensors[i].rank, tensors[i].shape));
}

static void list_tensors(FILE *to, const kiln_model_info *info) {
  list(to, "Inputs", info->inputs, info->input_count);
  list(to, "Outputs", info->outputs, info->output_count);
}

static int help(const kiln_model_info *info) {
  printf("%s: a neural network, compiled by kiln.\n\n"
         "Usage: %s --input NAME=FILE.npy ... --output NAME=FILE.npy ...\n"
         "       %s --bench N\n\n",
         info->name, info->name, info->name);
  list_tensors(stdout, info);
  printf("Options:\n"
         "  --input NAME=FILE.npy   read an input; with one more leading dimension, run once per slice and stack the outputs\n"
         "  --output NAME=FILE.npy  write an output\n"
         "  --bench N               time N runs; inputs that are not given are made up\n"
         "  --threads N             threads to run with (default: KILN_NUM_THREADS, else the processors)\n");
  printf("  --weights FILE          the weights file, where they are not in the program (default: beside the program)\n"
         "  --version               say what this was compiled from, and how\n"
         "  --help                  say this\n");
  return fflush(stdout) == 0 ? 0 : KILN_EXIT_FAILURE;
}

static int version(const kiln_model_info *info) {
  printf("%s, compiled by kiln\n%s\n", info->name, info->provenance ? info->provenance : "");
  return fflush(stdout) == 0 ? 0 : KILN_EXIT_FAILURE;
}

/* `argument` is NAME=FILE: its file, under the name's place in `paths`. */
static bool take_tensor(const kiln_model *model, const char *kind, const char *argument, const kiln_tensor_info *tensors,
                        int32_t count, const char **paths, int32_t *given) {
  int32_t found = -1;
  size_t longest = 0;
  for (int32_t i = 0; i < count; ++i) {
    size_t length = strlen(tensors[i].name);
    if (strncmp(argument, tensors[i].name, length) == 0 && argument[length] == '=' && (found < 0 || length > longest)) {
      found = i;
      longest = length;
    }
  }
  if (found < 0) {
    const char *equals = strchr(argument, '=');
    if (equals)
      kiln_complain(model, "there is no %s '%.*s'", kind, (int)(equals - argument), argument);
    else
      kiln_complain(model, "--%s: expected NAME=FILE.npy, found '%s'", kind, argument);
    list(stderr, kind[0] == 'i' ? "Inputs" : "Outputs", tensors, count);
  } else if (paths[found]) {
    kiln_complain(model, "%s '%s' is given twice", kind, tensors[found].name);
  } else if (argument[longest + 1] == 0) {
    kiln_complain(model, "%s '%s' is given no file", kind, tensors[found].name);
  } else {
    paths[found] = argument + longest + 1;
    ++*given;
    return true;
  }
  return false;
}

static bool take_number(const kiln_model *model, const char *option, const char *text, int64_t most, int64_t *number) {
  char *end;
  long long value = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : (end = (char *)text, 0);
  if (end == text || *end || value < 1 || value > most) {
    kiln_complain(model, "%s: expected a number from 1 to %lld, found '%s'", option, (long long)most, text);
    return false;
  }
  *number = value;
  return true;
}

/* If `argument` is this option: its value, from after '=' or from the next argument. */
static const char *value_of(const char *option, int count, char **arguments, int *at) {
  size_t length = strlen(option);
  const char *argument = arguments[*at];
  if (strncmp(argument, option, length) != 0)
    return NULL;
  if (argument[length] == '=')
    return argument + length + 1;
  return argument[length] == 0 && *at + 1 < count ? arguments[++*at] : NULL;
}

static bool take_options(kiln_request *request, int count, char **arguments) {
  const kiln_model *model = request->model;
  const kiln_model_info *info = &model->info;
  for (int i = 1; i < count; ++i) {
    const char *value;
    int64_t number = 0;
    bool good = true;
    if ((value = value_of("--input", count, arguments, &i))) {
      good = take_tensor(model, "input", value, info->inputs, info->input_count, request->inputs, &request->input_count);
    } else if ((value = value_of("--output", count, arguments, &i))) {
      good = take_tensor(model, "output", value, info->outputs, info->output_count, request->outputs, &request->output_count);
    } else if ((value = value_of("--bench", count, arguments, &i))) {
      good = take_number(model, "--bench", value, 10000000, &request->bench);
    } else if ((value = value_of("--threads", count, arguments, &i))) {
      good = take_number(model, "--threads", value, 1024, &number);
      request->threads = (int32_t)number;
    } else if ((value = value_of("--weights", count, arguments, &i))) {
      request->weights = value;
    } else {
      const char *known[] = {"--input", "--output", "--bench", "--threads", "--weights"};
      bool lacks_value = false;
      for (size_t k = 0; k < sizeof known / sizeof *known; ++k)
        lacks_value |= strcmp(arguments[i], known[k]) == 0;
      kiln_complain(model, lacks_value ? "%s: expected a value after it" : "unknown argument '%s'; --help lists what there is",
                    arguments[i]);
      good = false;
    }
    if (!good)
      return false;
  }
  return true;
}

/* Every input must come from somewhere, and something must be asked for. */
static bool complete(const kiln_request *request) {
  const kiln_model_info *info = &request->model->info;
  for (int32_t i = 0; i < info->input_count; ++i)
    if (request->inputs[i] == NULL && !(request->bench && request->output_count == 0)) {
      kiln_complain(request->model, "missing --input %s=FILE.npy", info->inputs[i].name);
      list_tensors(stderr, info);
      return false;
    }
  if (request->output_count || request->bench)
    return true;
  kiln_complain(request->model, "nothing to do: give --output NAME=FILE.npy or --bench N");
  list_tensors(stderr, info);
  return false;
}

bool kiln_request_parse(kiln_request *request, const kiln_model *model, int count, char **arguments, int *code) {
  *request = (kiln_request){.model = model};
  for (int i = 1; i < count; ++i)
    if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "--version") == 0) {
      *code = arguments[i][2] == 'h' ? help(&model->info) : version(&model->info);
      return false;
    }
  request->inputs = calloc((size_t)model->info.input_count + 1, sizeof *request->inputs);
  request->outputs = calloc((size_t)model->info.output_count + 1, sizeof *request->outputs);
  if (request->inputs == NULL || request->outputs == NULL) {
    *code = kiln_complain(model, "no memory");
    return false;
  }
  *code = KILN_EXIT_USAGE;
  return take_options(request, count, arguments) && complete(request);
}

void kiln_request_free(kiln_request *request) {
  free(request->inputs);
  free(request->outputs);
}
