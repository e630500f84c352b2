/* In: feeds and an order of rows. Out: batches. Two slots in a ring: the caller reads one while the thread fills the other. */
#include "runtime/train/loader.h"
#include "runtime/core/tensor.h"
#include <stdlib.h>
#include <string.h>

static void fill(kiln_loader *loader, int32_t slot, const uint32_t *order, int64_t rows, int64_t next) {
  kiln_batch *batch = &loader->slots[slot];
  uint32_t *chosen = loader->chosen + slot * loader->size;
  int64_t left = rows - next;
  batch->rows = left < loader->size ? left : loader->size;
  for (int64_t i = 0; i < loader->size; ++i) {
    chosen[i] = order[i < left ? next + i : (i - left) % rows];
    batch->weight[i] = i < left ? 1 : 0;
  }
  for (int32_t i = 0; i < loader->feed_count; ++i)
    kiln_feed_fill(&loader->feeds[i], batch->tensors[i], chosen, loader->size);
}

static void *work(void *argument) {
  kiln_loader *loader = argument;
  pthread_mutex_lock(&loader->mutex);
  while (!loader->quit) {
    if (loader->order == NULL || loader->next >= loader->rows || loader->filled == KILN_LOADER_SLOTS) {
      pthread_cond_wait(&loader->changed, &loader->mutex);
      continue;
    }
    int32_t slot = loader->newest;
    const uint32_t *order = loader->order;
    int64_t rows = loader->rows, next = loader->next;
    loader->busy = true;
    pthread_mutex_unlock(&loader->mutex);
    fill(loader, slot, order, rows, next);
    pthread_mutex_lock(&loader->mutex);
    loader->busy = false;
    loader->next = next + loader->size;
    loader->newest = (slot + 1) % KILN_LOADER_SLOTS;
    ++loader->filled;
    pthread_cond_broadcast(&loader->changed);
  }
  pthread_mutex_unlock(&loader->mutex);
  return NULL;
}

static bool take_memory(kiln_loader *loader) {
  loader->chosen = calloc((size_t)loader->size * KILN_LOADER_SLOTS, sizeof *loader->chosen);
  bool good = loader->chosen != NULL;
  for (int32_t slot = 0; slot < KILN_LOADER_SLOTS && good; ++slot) {
    kiln_batch *batch = &loader->slots[slot];
    batch->chosen = loader->chosen + slot * loader->size;
    batch->weight = calloc((size_t)loader->size, sizeof *batch->weight);
    batch->tensors = calloc((size_t)loader->feed_count + 1, sizeof *batch->tensors);
    good = batch->weight && batch->tensors;
    for (int32_t i = 0; i < loader->feed_count && good; ++i) {
      const kiln_tensor_info *tensor = loader->feeds[i].tensor;
      size_t bytes = kiln_tensor_bytes(tensor);
      good = posix_memalign(&batch->tensors[i], 64, bytes ? bytes : 64) == 0;
      if (good) {
        memset(batch->tensors[i], 0, bytes);
        kiln_feed_clear(&loader->feeds[i], batch->tensors[i]);
      } else {
        batch->tensors[i] = NULL;
      }
    }
  }
  return good;
}

bool kiln_loader_open(kiln_loader *loader, const kiln_feed *feeds, int32_t feed_count, int64_t size, kiln_error *error) {
  *loader = (kiln_loader){.feeds = feeds, .feed_count = feed_count, .size = size};
  pthread_mutex_init(&loader->mutex, NULL);
  pthread_cond_init(&loader->changed, NULL);
  loader->started = take_memory(loader) && pthread_create(&loader->thread, NULL, work, loader) == 0;
  if (loader->started)
    return true;
  kiln_loader_close(loader);
  return kiln_error_set(error, "no memory for batches of %lld rows, or no thread to load them", (long long)size);
}

void kiln_loader_start(kiln_loader *loader, const uint32_t *order, int64_t rows, int64_t first) {
  pthread_mutex_lock(&loader->mutex);
  loader->order = NULL; /* what is under way is of an order that nobody wants any more */
  while (loader->busy)
    pthread_cond_wait(&loader->changed, &loader->mutex);
  loader->order = order;
  loader->rows = rows;
  loader->next = first;
  loader->filled = loader->taken = loader->newest = 0;
  pthread_cond_broadcast(&loader->changed);
  pthread_mutex_unlock(&loader->mutex);
}

const kiln_batch *kiln_loader_next(kiln_loader *loader) {
  const kiln_batch *batch = NULL;
  pthread_mutex_lock(&loader->mutex);
  if (loader->taken) {
    loader->taken = 0;
    --loader->filled;
    pthread_cond_broadcast(&loader->changed);
  }
  while (loader->filled == 0 && loader->order && (loader->busy || loader->next < loader->rows))
    pthread_cond_wait(&loader->changed, &loader->mutex);
  if (loader->filled) {
    loader->taken = 1;
    batch = &loader->slots[(loader->newest + KILN_LOADER_SLOTS - loader->filled) % KILN_LOADER_SLOTS];
  }
  pthread_mutex_unlock(&loader->mutex);
  return batch;
}

void kiln_loader_close(kiln_loader *loader) {
  if (loader->started) {
    pthread_mutex_lock(&loader->mutex);
    loader->quit = true;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->mutex);
    pthread_join(loader->thread, NULL);
  }
  pthread_cond_destroy(&loader->changed);
  pthread_mutex_destroy(&loader->mutex);
  for (int32_t slot = 0; slot < KILN_LOADER_SLOTS; ++slot) {
    kiln_batch *batch = &loader->slots[slot];
    for (int32_t i = 0; batch->tensors && i < loader->feed_count; ++i)
      free(batch->tensors[i]);
    free(batch->tensors);
    free(batch->weight);
  }
  free(loader->chosen);
  *loader = (kiln_loader){0};
}
