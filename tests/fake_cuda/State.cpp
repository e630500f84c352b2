//===- State.cpp - what the fake driver knows, and running what is queued ------------------------------------------===//
#include "State.h"
#include "Fake.h"
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace fake {

State &state() {
  static State *all = [] {
    auto *made = new State; // never destroyed: contexts may end after main has
    made->reset();
    return made;
  }();
  return *all;
}

int &depth() {
  static thread_local int contexts = 0;
  return contexts;
}

static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text && text[0] ? strtoull(text, nullptr, 0) : otherwise;
}

void State::reset() {
  cards = static_cast<int>(setting("KILN_FAKE_CARDS", 1));
  capability = static_cast<int>(setting("KILN_FAKE_CAPABILITY", 80));
  version = static_cast<int>(setting("KILN_FAKE_VERSION", 12040));
  memoryLimit = setting("KILN_FAKE_MEMORY", uint64_t(8) << 30);
  sharedLimit = static_cast<uint32_t>(setting("KILN_FAKE_SHARED", 164 << 10));
  initialised = false;
  failures.clear();
  calls.clear();
  log.clear();
  trap.clear();
  lost = CUDA_SUCCESS;
  cleared.clear();
  statistics = {};
  statistics.limit = setting("KILN_FAKE_LIMIT", UINT64_MAX);
  const char *other = getenv("KILN_FAKE_PTX");
  std::ifstream text(other ? other : "");
  replacement.assign(std::istreambuf_iterator<char>(text), {});
  statistics.wanted = setting("KILN_FAKE_STATISTICS", 0) != 0;
  statistics.sample = setting("KILN_FAKE_SAMPLE", 0);
  if (allocations.empty()) {
    memory = std::make_unique<ptx::Memory>(0x7f0000000000, setting("KILN_FAKE_CHECKS", 1) != 0);
    memoryUsed = 0;
  }
  const char *file = getenv("KILN_FAKE_LOG");
  if (record == nullptr && file && file[0])
    record = fopen(file, "ae");
  const char *wanted = getenv("KILN_FAKE_FAIL");
  for (std::string rest = wanted ? wanted : ""; !rest.empty();) {
    std::string one = rest.substr(0, rest.find(','));
    rest = rest.size() > one.size() ? rest.substr(one.size() + 1) : "";
    size_t colon = one.find(':'), equal = one.find('=');
    if (colon != std::string::npos && equal != std::string::npos)
      failures[one.substr(0, colon)][atoi(one.c_str() + colon + 1)] = atoi(one.c_str() + equal + 1);
  }
}

void State::write(const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  log += line;
  log += '\n';
  if (record) {
    fprintf(record, "%s\n", line);
    fflush(record);
  }
}

CUresult begin(const char *call, bool needsContext) {
  State &all = state();
  auto failure = all.failures.find(call);
  int number = ++all.calls[call];
  if (failure != all.failures.end()) {
    auto error = failure->second.find(number);
    if (error != failure->second.end()) {
      all.write("%s -> %d", call, error->second);
      if (error->second >= 700 && error->second < 800) // a fault: nothing that is queued will run
        all.lost = error->second;
      return error->second;
    }
  }
  if (!all.initialised)
    return 3;
  if (needsContext && depth() < 1)
    return 201;
  return all.lost;
}

/// A fault ends the card's context for good, as on a card.
static CUresult fault(const ptx::Trap &trap) {
  State &all = state();
  all.trap = trap.text;
  all.write("trap: %s", trap.text.c_str());
  all.lost = trap.text.rfind("out of bounds", 0) == 0 ? 700 : trap.text.rfind("misaligned", 0) == 0 ? 716 : 719;
  return all.lost;
}

CUresult runKernel(Function *function, const ptx::Launch &launch) {
  State &all = state();
  if (all.lost)
    return all.lost;
  const Source *source = function->module->source.get();
  if (function->program == nullptr && source == nullptr)
    return CUDA_SUCCESS;
  try {
    if (source)
      source->run(function->name, launch, *all.memory, all.cleared);
    else
      ptx::run(*function->program, launch, *all.memory, all.epochs, all.statistics, all.cleared);
    return CUDA_SUCCESS;
  } catch (const ptx::Trap &trap) {
    return fault(trap);
  } catch (const ptx::Error &error) {
    return fault(ptx::Trap(error.what()));
  }
}

CUresult drain(Stream *stream) {
  std::vector<Work> queue;
  queue.swap(stream->queue);
  for (const Work &work : queue)
    if (CUresult error = state().lost ? state().lost : work())
      return error;
  return state().lost;
}

CUresult copyOnCard(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  try {
    std::vector<uint8_t> buffer(bytes);
    state().memory->read(from, buffer.data(), bytes);
    state().memory->write(to, buffer.data(), bytes);
    return CUDA_SUCCESS;
  } catch (const ptx::Trap &trap) {
    return fault(trap);
  }
}

CUresult setOnCard(CUdeviceptr to, unsigned char value, size_t bytes) {
  try {
    state().memory->set(to, value, bytes);
    state().cleared.insert({to, to + bytes});
    return CUDA_SUCCESS;
  } catch (const ptx::Trap &trap) {
    return fault(trap);
  }
}

CUresult prepare(Function *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                 void **parameters, ptx::Launch &launch) {
  State &all = state();
  bool known = false;
  for (Module *module : all.modules)
    known |= module == function->module;
  if (!known)
    return 400;
  launch = {{gx, gy, gz}, {bx, by, bz}, shared, {}};
  if (launch.grid.count() == 0 || launch.block.count() == 0 || launch.block.count() > 1024 || gy > 65535 || gz > 65535)
    return 1;
  if (shared > function->shared)
    return 1;
  if (const Source *source = function->module->source.get()) {
    launch.parameters.resize(8 * source->arguments());
    for (size_t i = 0; i < source->arguments(); ++i)
      memcpy(launch.parameters.data() + 8 * i, parameters[i], 8);
  }
  if (function->program == nullptr)
    return CUDA_SUCCESS;
  const ptx::Kernel &kernel = function->program->kernel;
  if (kernel.maxThreads && launch.block.count() > kernel.maxThreads)
    return 701;
  launch.parameters.resize(kernel.parameterBytes);
  for (size_t i = 0; i < kernel.parameters.size(); ++i)
    if (parameters[i] == nullptr)
      return 1;
    else
      memcpy(launch.parameters.data() + kernel.parameters[i].offset, parameters[i], kernel.parameters[i].size);
  return CUDA_SUCCESS;
}

std::string describe(const Function *function, const ptx::Launch &launch) {
  char text[400];
  snprintf(text, sizeof text, "%s grid %u,%u,%u block %u,%u,%u shared %u (", function->name.c_str(), launch.grid.x, launch.grid.y,
           launch.grid.z, launch.block.x, launch.block.y, launch.block.z, launch.shared);
  std::string result = text;
  if (function->program)
    for (const ptx::Parameter &parameter : function->program->kernel.parameters) {
      uint64_t value = 0;
      memcpy(&value, launch.parameters.data() + parameter.offset, std::min<size_t>(parameter.size, 8));
      snprintf(text, sizeof text, "%s0x%llx", result.back() == '(' ? "" : " ", static_cast<unsigned long long>(value));
      result += text;
    }
  return result + ")";
}

} // namespace fake

using fake::state;

EXPORTED void kiln_fake_reset(void) { state().reset(); }
EXPORTED const char *kiln_fake_log(void) { return state().log.c_str(); }
EXPORTED const char *kiln_fake_trap(void) { return state().trap.c_str(); }
EXPORTED int kiln_fake_live(void) {
  fake::State &all = state();
  return static_cast<int>(all.allocations.size() + all.modules.size() + all.streams.size() + all.events.size() + all.graphs.size() +
                          all.executables.size()) +
         all.retained + fake::depth();
}
EXPORTED const char *kiln_fake_statistics(void) {
  static std::string text;
  text = "{\"instructions\": " + std::to_string(state().statistics.instructions);
  const char *between = ", \"kernels\": {";
  for (const auto &[kernel, tallies] : state().statistics.tallies) {
    text += between + ("\"" + kernel + "\": {");
    for (const auto &[name, tally] : tallies)
      text += (text.back() == '{' ? "\"" : ", \"") + name + "\": [" + std::to_string(tally.accesses) + ", " +
              std::to_string(tally.cost) + ", " + std::to_string(tally.ideal) + "]";
    text += "}";
    between = ", ";
  }
  text += state().statistics.tallies.empty() ? "" : "}";
  between = ", \"work\": {";
  for (const auto &[kernel, work] : state().statistics.work) {
    text += between + ("\"" + kernel + "\": [");
    for (uint64_t number : {work.blocks, work.instructions, work.multiplyAdds, work.barriers, work.trips, work.sectors})
      text += (text.back() == '[' ? "" : ", ") + std::to_string(number);
    text += "]";
    between = ", ";
  }
  text += state().statistics.work.empty() ? "}" : "}}";
  return text.c_str();
}
EXPORTED void kiln_fake_forget(uint64_t address, uint64_t bytes) { state().memory->forget(address, bytes); }
