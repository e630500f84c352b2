/* The trainer: the two models and the checkpoint that it is linked with, a data set, and a checkpoint out. Exits with 0, with 1 when
 * something failed, with 2 when it was called wrongly, with 130 when it was interrupted. */
#include "runtime/core/tensor.h"
#include "runtime/train/trainer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int kiln_trainer_fail(const kiln_trainer *trainer, const kiln_error *error) {
  kiln_progress_clear();
  fflush(stdout);
  fprintf(stderr, "%s: error: %s\n", trainer->program, error->text);
  return KILN_EXIT_FAILED;
}

/* `path` without .safetensors, and with another end. */
static void beside(char to[PATH_MAX], const char *path, const char *end) {
  const char *own = ".safetensors";
  size_t length = strlen(path), tail = strlen(own);
  if (length > tail && strcmp(path + length - tail, own) == 0)
    length -= tail;
  snprintf(to, PATH_MAX, "%.*s%s", (int)(length < PATH_MAX - 32 ? length : PATH_MAX - 32), path, end);
}

static bool merge_text(kiln_recipe *recipe, const kiln_safetensors *file, const char *origin, kiln_strange strange,
                       kiln_error *error) {
  const char *text = kiln_safetensors_text(file, "kiln.recipe");
  json_t *layer = text ? json_loads(text, 0, NULL) : NULL;
  bool good =
      text == NULL || (json_is_object(layer) ? kiln_recipe_merge(recipe, origin, layer, strange, error)
                                             : kiln_error_set(error, "%s: its recipe (kiln.recipe) cannot be read", origin));
  json_decref(layer);
  return good;
}

/* All layers of options, in order. The command line is read early because it names the files of the others. */
static int read_options(kiln_trainer *trainer, kiln_safetensors *resumed, int count, char **arguments, kiln_error *error) {
  kiln_recipe *recipe = &trainer->recipe;
  json_t *layer = json_object();
  bool good = kiln_recipe_open(recipe, error) &&
              kiln_safetensors_parse(&trainer->zero, "the checkpoint inside this trainer", kiln_checkpoint_zero,
                                     kiln_checkpoint_zero_size, error) &&
              merge_text(recipe, &trainer->zero, "the recipe inside this trainer", KILN_STRANGE_KEPT, error);
  bool called_well = good && kiln_recipe_parse(recipe, layer, count, arguments, error);
  const char *resume = json_string_value(json_object_get(layer, "resume")),
             *file = json_string_value(json_object_get(layer, "recipe"));
  if (called_well && resume)
    good = kiln_safetensors_read(resumed, resume, error) && merge_text(recipe, resumed, resume, KILN_STRANGE_IGNORED, error);
  good = good && called_well && (file == NULL || kiln_recipe_merge_file(recipe, file, error)) &&
         kiln_recipe_merge(recipe, "command line", layer, KILN_STRANGE_EQUAL, error);
  json_decref(layer);
  if (good)
    return KILN_EXIT_DONE;
  kiln_trainer_fail(trainer, error);
  return called_well ? KILN_EXIT_FAILED : KILN_EXIT_MISUSED;
}

static int describe(const kiln_trainer *trainer) {
  const kiln_model_info *info = trainer->step.info;
  char text[KILN_DESCRIPTION];
  if (trainer->recipe.version) {
    printf("%s, compiled by kiln\n%s\n", trainer->program, info->provenance ? info->provenance : "");
  } else {
    printf("%s: trains a neural network, compiled by kiln.\n\nUsage: %s --data PATH [--labels FILE] [options]\n\nIt learns from:\n",
           trainer->program, trainer->program);
    for (int32_t i = 0; i < info->input_count; ++i)
      if (kiln_engine_output(&trainer->step, info->inputs[i].name) < 0 && info->inputs[i].rank > 0 &&
          strcmp(info->inputs[i].name, "weight") != 0)
        printf("  %s  %s\n", info->inputs[i].name,
               kiln_describe(text, info->inputs[i].dtype, info->inputs[i].rank, info->inputs[i].shape));
    kiln_recipe_describe(stdout);
  }
  return fflush(stdout) == 0 ? KILN_EXIT_DONE : KILN_EXIT_FAILED;
}

static void plan_rate(kiln_trainer *trainer) {
  const kiln_recipe *recipe = &trainer->recipe;
  int64_t size = trainer->training.loader.size, batches = (trainer->training.row_count + size - 1) / size;
  trainer->rate.rate = recipe->rate;
  trainer->rate.decay = recipe->decay;
  trainer->rate.minimum = recipe->minimum_rate;
  trainer->rate.every = recipe->decay_every;
  trainer->rate.warmup = recipe->warmup;
  trainer->rate.epoch = (batches + recipe->accumulate - 1) / recipe->accumulate;
  trainer->rate.total = trainer->rate.epoch * recipe->epochs;
}

/* A region of the state is this input of the other model too. */
static bool share(kiln_trainer *trainer, const char *name, kiln_error *error) {
  kiln_region *region = kiln_state_region(&trainer->state, name);
  int32_t place = kiln_engine_input(&trainer->evaluate, name);
  const kiln_tensor_info *info = place < 0 ? NULL : &trainer->evaluate.info->inputs[place];
  if (info && (region == NULL || kiln_elements(info->rank, info->shape) != region->count))
    return kiln_error_set(error, "the two models of this trainer disagree on '%s'", name);
  kiln_engine_set_input(&trainer->evaluate, name, region ? region->data : NULL);
  return true;
}

/* What the step reads and writes besides batches. */
static bool connect(kiln_trainer *trainer, kiln_error *error) {
  for (int32_t i = 0; i < trainer->state.region_count; ++i) {
    const kiln_region *region = &trainer->state.regions[i];
    kiln_engine_set_input(&trainer->step, region->name, region->data);
    kiln_engine_set_output(&trainer->step, region->name, region->data);
  }
  kiln_engine_set_input(&trainer->step, "step", &trainer->number);
  kiln_engine_set_input(&trainer->step, "rate", &trainer->rate_now);
  kiln_engine_set_input(&trainer->step, "seed", &trainer->seed);
  kiln_engine_set_input(&trainer->step, "apply", &trainer->apply);
  kiln_engine_set_output(&trainer->step, "largest", &trainer->largest);
  if (trainer->recipe.accumulate > 1 && kiln_engine_input(&trainer->step, "apply") < 0)
    return kiln_error_set(error, "accumulate: this trainer was compiled without accumulation of gradients");
  return share(trainer, "parameters", error) && share(trainer, "statistics", error) &&
         kiln_state_settle(&trainer->state, &trainer->step, error);
}

static bool set_up(kiln_trainer *trainer, const kiln_safetensors *resumed, kiln_error *error) {
  const kiln_recipe *recipe = &trainer->recipe;
  char fallback[PATH_MAX];
  snprintf(fallback, sizeof fallback, "%s.safetensors", trainer->program);
  snprintf(trainer->checkpoint, PATH_MAX, "%s", recipe->checkpoint ? recipe->checkpoint : fallback);
  beside(trainer->best, trainer->checkpoint, ".best.safetensors");
  beside(trainer->kept_recipe, trainer->checkpoint, ".json");
  if (!kiln_schedule_find(&trainer->rate.schedule, recipe->schedule, error) || !kiln_log_check(recipe->log, error) ||
      !kiln_plot_check(recipe->plot, error) || !kiln_state_open(&trainer->state, &trainer->step, &trainer->zero, error))
    return false;
  const char *written[] = {trainer->checkpoint, recipe->log, recipe->plot};
  for (size_t i = 0; i < sizeof written / sizeof *written && !recipe->evaluate; ++i)
    if (written[i] && !kiln_write_check(written[i], error))
      return false;
  if (recipe->resume && !kiln_state_load(&trainer->state, resumed, recipe->resume, true, error))
    return false;
  trainer->saved = recipe->resume;
  trainer->saved_epoch = trainer->state.epoch;
  if (!kiln_engine_open(&trainer->step, NULL, (int32_t)recipe->threads, error) || !kiln_sets_open(trainer, error) ||
      !connect(trainer, error))
    return false;
  plan_rate(trainer);
  if (trainer->state.row > trainer->training.row_count)
    return kiln_error_set(error, "%s: it stands at row %lld of an epoch, and the data have %lld", recipe->resume,
                          (long long)trainer->state.row, (long long)trainer->training.row_count);
  return kiln_watch_check(trainer, error);
}

static void close_all(kiln_trainer *trainer) {
  kiln_sets_close(trainer);
  kiln_engine_close(&trainer->step);
  kiln_engine_close(&trainer->evaluate);
  kiln_state_close(&trainer->state);
  kiln_safetensors_free(&trainer->zero);
  kiln_recipe_close(&trainer->recipe);
}

static int work(kiln_trainer *trainer, kiln_safetensors *resumed) {
  kiln_error error;
  if (!set_up(trainer, resumed, &error))
    return kiln_trainer_fail(trainer, &error);
  kiln_safetensors_free(resumed);
  kiln_interrupt_listen();
  return trainer->recipe.evaluate ? kiln_train_report(trainer) : kiln_train_loop(trainer);
}

int main(int count, char **arguments) {
  kiln_trainer trainer = {.step = kiln_engine_step(), .evaluate = kiln_engine_evaluate()};
  kiln_safetensors resumed = {0};
  kiln_error error = {""};
  const char *slash = count > 0 ? strrchr(arguments[0], '/') : NULL;
  trainer.program = slash ? slash + 1 : count > 0 ? arguments[0] : "trainer";
  int code = read_options(&trainer, &resumed, count, arguments, &error);
  if (code == KILN_EXIT_DONE)
    code = trainer.recipe.help || trainer.recipe.version ? describe(&trainer) : work(&trainer, &resumed);
  kiln_safetensors_free(&resumed);
  close_all(&trainer);
  return code;
}
