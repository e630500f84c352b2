/* The model's steps are queued in their order. The host waits only before it touches what a copy brings. */
#define _GNU_SOURCE
#include "runtime/cuda/card.h"
#include <time.h>

kiln_status kiln_card_fail(kiln_context *context, CUresult error, kiln_status otherwise, const char *what, const char *name) {
  kiln_card *card = context->card;
  char text[KILN_DRIVER_ERROR];
  kiln_driver_error(&card->driver, error, text);
  return kiln_fail(context, error == CUDA_ERROR_OUT_OF_MEMORY ? KILN_OUT_OF_MEMORY : otherwise, "card %d (%.60s): %s '%.100s': %s",
                   card->device.number, card->name, what, name ? name : "", text);
}

kiln_status kiln_card_lost(kiln_context *context, CUresult error, const char *what, const char *name) {
  kiln_status status = kiln_card_fail(context, error, KILN_DEVICE_FAILED, what, name);
  context->card->lost = error;
  return status;
}

kiln_status kiln_card_wait(kiln_context *context) {
  kiln_card *card = context->card;
  CUresult error = card->driver.stream_synchronize(card->stream);
  card->copies = false;
  return error == CUDA_SUCCESS ? KILN_OK : kiln_card_lost(context, error, "a kernel or copy failed in", context->model->info.name);
}

static void *host_side(const kiln_context *context, const kiln_place *place) {
  uint8_t *base = NULL;
  if (place->base == KILN_PLACE_ARENA)
    base = context->workspace;
  else if (place->base == KILN_PLACE_INPUT)
    base = context->pointers[place->index];
  else if (place->base == KILN_PLACE_OUTPUT)
    base = context->pointers[context->model->info.input_count + (int32_t)place->index];
  return base + place->offset;
}

static CUresult queue(kiln_context *context, const kiln_step *step) {
  kiln_card *card = context->card;
  const kiln_driver *driver = &card->driver;
  CUdeviceptr place = kiln_address(card, context, &step->place);
  switch ((kiln_step_kind)step->kind) {
  case KILN_STEP_LAUNCH:
    return driver->launch(card->functions[step->kernel], step->grid[0], step->grid[1], step->grid[2], step->block[0],
                          step->block[1], step->block[2], step->shared, card->stream, card->parameters + step->first_argument,
                          NULL);
  case KILN_STEP_TO_HOST:
    card->copies = true;
    return driver->copy_to_host(host_side(context, &step->place), place, step->bytes, card->stream);
  case KILN_STEP_TO_DEVICE:
    card->copies = true;
    return driver->copy_to_device(place, host_side(context, &step->place), step->bytes, card->stream);
  case KILN_STEP_ZERO:
    return driver->set_bytes(place, 0, step->bytes, card->stream);
  case KILN_STEP_COPY:
    return driver->copy_on_device(place, kiln_address(card, context, &step->source), step->bytes, card->stream);
  case KILN_STEP_HOST:
    break;
  }
  return CUDA_SUCCESS;
}

static float host_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (float)((double)(now.tv_sec % 1000) * 1e3 + (double)now.tv_nsec * 1e-6);
}

static kiln_status run_host(kiln_context *context, const kiln_step *step) {
  kiln_card *card = context->card;
  kiln_status status = card->copies ? kiln_card_wait(context) : KILN_OK;
  if (status)
    return status;
  float start = card->timed ? host_clock() : 0;
  status = kiln_run_program(context, step->host);
  if (card->timed && status == KILN_OK)
    card->timed(card->timed_user, step->name, host_clock() - start);
  return status;
}

/* One step between two events. */
static kiln_status run_timed(kiln_context *context, const kiln_step *step) {
  kiln_card *card = context->card;
  const kiln_driver *driver = &card->driver;
  float milliseconds = 0;
  CUresult error = driver->event_record(card->before, card->stream);
  error = error ? error : queue(context, step);
  error = error ? error : driver->event_record(card->after, card->stream);
  error = error ? error : driver->event_synchronize(card->after);
  error = error ? error : driver->event_elapsed(&milliseconds, card->before, card->after);
  if (error)
    return kiln_card_lost(context, error, "step", step->name);
  card->timed(card->timed_user, step->name, milliseconds);
  return KILN_OK;
}

kiln_status kiln_run_steps(kiln_context *context) {
  kiln_card *card = context->card;
  const kiln_segment *segment = card->segments, *end = segment + card->segment_count;
  for (uint32_t i = 0; i < card->model->step_count; ++i) {
    const kiln_step *step = &card->model->steps[i];
    if (step->kind == KILN_STEP_HOST || card->timed) {
      kiln_status status = step->kind == KILN_STEP_HOST ? run_host(context, step) : run_timed(context, step);
      if (status)
        return status;
      continue;
    }
    while (segment < end && segment->last <= i)
      ++segment;
    CUresult error;
    if (segment < end && segment->first == i && segment->executable) {
      error = card->driver.graph_launch(segment->executable, card->stream);
      i = segment->last - 1;
    } else {
      error = queue(context, step);
    }
    if (error != CUDA_SUCCESS)
      return kiln_card_lost(context, error, "step", step->name);
  }
  return KILN_OK;
}
