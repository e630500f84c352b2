/* Opens the input files and the context, holds the one against the other, and takes memory for one slice. */
#include "runtime/main/session.h"
#include "runtime/core/tensor.h"
#include <stdlib.h>
#include <string.h>

/* Tensors as the model describes them, with zeroed memory. */
static kiln_tensor *tensors(const kiln_tensor_info *infos, int32_t count) {
  kiln_tensor *result = calloc((size_t)count + 1, sizeof *result);
  for (int32_t i = 0; result && i < count; ++i) {
    size_t bytes = (kiln_tensor_bytes(&infos[i]) + 63) / 64 * 64;
    result[i].dtype = infos[i].dtype;
    result[i].rank = infos[i].rank;
    memcpy(result[i].shape, infos[i].shape, sizeof infos[i].shape);
    if (posix_memalign(&result[i].data, 64, bytes ? bytes : 64) != 0) {
      while (i--)
        free(result[i].data);
      free(result);
      return NULL;
    }
    memset(result[i].data, 0, bytes);
  }
  return result;
}

/* Does the file hold the input, or slices of it? */
static int check_file(kiln_session *session, int32_t index) {
  const kiln_tensor_info *info = &session->model->info.inputs[index];
  const kiln_npy *npy = &session->input_files[index];
  bool sliced = npy->rank == info->rank + 1;
  bool same = npy->dtype == info->dtype && (sliced || npy->rank == info->rank);
  for (int32_t i = 0; same && i < info->rank; ++i)
    same = npy->shape[i + sliced] == info->shape[i];
  if (!same) {
    char expected[KILN_DESCRIPTION], found[KILN_DESCRIPTION];
    return kiln_complain(session->model, "input '%s': %s: expected %s, or slices of it; found %s", info->name, npy->path,
                         kiln_describe(expected, info->dtype, info->rank, info->shape),
                         kiln_describe(found, npy->dtype, npy->rank, npy->shape));
  }
  if (!sliced)
    return 0;
  if (session->stacked && session->slices != npy->shape[0])
    return kiln_complain(session->model, "input '%s': %s: expected %lld slices, as the inputs before it have; found %lld",
                         info->name, npy->path, (long long)session->slices, (long long)npy->shape[0]);
  session->sliced[index] = session->stacked = true;
  session->slices = npy->shape[0];
  return 0;
}

int kiln_session_open(kiln_session *session, const kiln_request *request) {
  const kiln_model *model = request->model;
  const kiln_model_info *info = &model->info;
  *session = (kiln_session){.request = request, .model = model, .slices = 1};
  session->input_files = calloc((size_t)info->input_count + 1, sizeof *session->input_files);
  session->output_files = calloc((size_t)info->output_count + 1, sizeof *session->output_files);
  session->sliced = calloc((size_t)info->input_count + 1, sizeof *session->sliced);
  session->inputs = tensors(info->inputs, info->input_count);
  session->outputs = tensors(info->outputs, info->output_count);
  if (!session->input_files || !session->output_files || !session->sliced || !session->inputs || !session->outputs)
    return kiln_complain(model, "no memory for the inputs and outputs");
  for (int32_t i = 0; i < info->input_count; ++i) {
    if (request->inputs[i] == NULL)
      continue;
    kiln_npy *npy = &session->input_files[i];
    if (!kiln_npy_open(npy, request->inputs[i]))
      return kiln_complain(model, "input '%s': %s: %s", info->inputs[i].name, request->inputs[i], npy->error);
    int code = check_file(session, i);
    if (code)
      return code;
  }
  kiln_options options = {.size = sizeof options, .threads = request->threads, .weights_path = request->weights};
  if (kiln_create(model, &options, &session->context) != KILN_OK) {
    fprintf(stderr, "%s\n", kiln_message(session->context)); /* it begins with the model's name */
    return KILN_EXIT_FAILURE;
  }
  if (kiln_message(session->context)[0]) /* that it runs on the CPU for want of a card */
    fprintf(stderr, "%s\n", kiln_message(session->context));
  return 0;
}

int kiln_session_read(kiln_session *session, int64_t index) {
  const kiln_model_info *info = &session->model->info;
  for (int32_t i = 0; i < info->input_count; ++i) {
    kiln_npy *npy = &session->input_files[i];
    if (npy->file && (session->sliced[i] || index == 0) &&
        !kiln_npy_read(npy, session->inputs[i].data, kiln_tensor_bytes(&info->inputs[i])))
      return kiln_complain(session->model, "input '%s': %s: %s", info->inputs[i].name, npy->path, npy->error);
  }
  return 0;
}

/* Output files with the header of what will stand in them. */
static int create_outputs(kiln_session *session) {
  const kiln_model_info *info = &session->model->info;
  for (int32_t i = 0; i < info->output_count; ++i) {
    if (session->request->outputs[i] == NULL)
      continue;
    kiln_npy *npy = &session->output_files[i];
    npy->dtype = info->outputs[i].dtype;
    npy->rank = info->outputs[i].rank + session->stacked;
    npy->shape[0] = session->slices;
    memcpy(npy->shape + session->stacked, info->outputs[i].shape, (size_t)info->outputs[i].rank * sizeof *npy->shape);
    if (!kiln_npy_create(npy, session->request->outputs[i]))
      return kiln_complain(session->model, "output '%s': %s: %s", info->outputs[i].name, npy->path, npy->error);
  }
  return 0;
}

/* Applies one step to every output file that is asked for. */
typedef bool step(kiln_npy *npy, const void *data, size_t bytes);
static bool finish(kiln_npy *npy, const void *data, size_t bytes) { return (void)data, (void)bytes, kiln_npy_finish(npy); }
static bool commit(kiln_npy *npy, const void *data, size_t bytes) { return (void)data, (void)bytes, kiln_npy_commit(npy); }

static int for_outputs(kiln_session *session, step *apply) {
  const kiln_model_info *info = &session->model->info;
  for (int32_t i = 0; i < info->output_count; ++i) {
    kiln_npy *npy = &session->output_files[i];
    if (session->request->outputs[i] && !apply(npy, session->outputs[i].data, kiln_tensor_bytes(&info->outputs[i])))
      return kiln_complain(session->model, "output '%s': %s: %s", info->outputs[i].name, npy->path, npy->error);
  }
  return 0;
}

int kiln_session_run(kiln_session *session) {
  int code = create_outputs(session);
  for (int64_t i = 0; i < session->slices && !code; ++i) {
    code = kiln_session_read(session, i);
    if (!code && kiln_run(session->context, session->inputs, session->outputs) != KILN_OK) {
      fprintf(stderr, "%s\n", kiln_message(session->context));
      code = KILN_EXIT_FAILURE;
    }
    if (!code)
      code = for_outputs(session, kiln_npy_write);
  }
  if (!code)
    code = for_outputs(session, finish);
  return code ? code : for_outputs(session, commit);
}

void kiln_session_close(kiln_session *session) {
  const kiln_model_info *info = &session->model->info;
  kiln_destroy(session->context);
  for (int32_t i = 0; i < info->input_count; ++i) {
    if (session->input_files)
      kiln_npy_close(&session->input_files[i]);
    if (session->inputs)
      free(session->inputs[i].data);
  }
  for (int32_t i = 0; i < info->output_count; ++i) {
    if (session->output_files)
      kiln_npy_discard(&session->output_files[i]);
    if (session->outputs)
      free(session->outputs[i].data);
  }
  free(session->inputs);
  free(session->outputs);
  free(session->input_files);
  free(session->output_files);
  free(session->sliced);
}
