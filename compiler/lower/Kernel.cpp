#include "compiler/lower/Kernel.h"
#include "compiler/lower/KernelEmitter.h"
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>

namespace kiln::lower {

namespace {
/// A file with a path but no place on a disk: Halide writes to paths only, and a worker that is killed leaves nothing. The path does not
/// reach the object.
class MemoryFile {
public:
  MemoryFile() : file(memfd_create("kernel", MFD_CLOEXEC)) {
    if (file < 0)
      throw std::runtime_error(std::string("no memory for a kernel's code: ") + strerror(errno));
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  ~MemoryFile() { close(file); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file); }
  std::string read() const {
    std::ifstream in(path(), std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

private:
  int file;
};
} // namespace

std::unique_ptr<KernelEmitter> emitterOf(KernelOp kernel, Side side) {
  auto plain = std::make_unique<KernelEmitter>(kernel, side);
  if (Groups tiles = plain->tileable(); !tiles.empty())
    try {
      return std::make_unique<KernelEmitter>(kernel, side, tiles);
    } catch (const std::runtime_error &) { // its sum is not read tile by tile
    }
  Groups groups = plain->collapsible();
  return groups.empty() ? std::move(plain) : std::make_unique<KernelEmitter>(kernel, side, groups);
}

schedule::Nest nestOf(KernelOp kernel, Side side) try { return emitterOf(kernel, side)->nest; } catch (const Halide::Error &e) {
  throw std::runtime_error(e.what()); // Halide's errors are no std::exception
}
schedule::Nest nestOf(KernelOp kernel) { return nestOf(kernel, isForDevice(kernel) ? Side::Device : Side::Host); }

bool isForDevice(KernelOp kernel) {
  auto attribute = kernel.getSchedule();
  return attribute && attribute->getText().starts_with("gpu_");
}

KernelObject compileKernel(KernelOp kernel, const KernelTarget &target, bool withAssembly) try {
  std::unique_ptr<KernelEmitter> made = emitterOf(kernel, Side::Host);
  KernelEmitter &emitter = *made;
  schedule::Schedule chosen;
  // What carries a schedule for a device runs on a processor too: @init, or where there is no device.
  if (auto attribute = kernel.getSchedule(); attribute && !isForDevice(kernel)) {
    std::string why;
    if (!schedule::Schedule::parse(attribute->getText().str(), chosen, why))
      throw std::runtime_error(why);
  } else {
    chosen = schedule::defaults(emitter.nest, target.machine);
  }
  std::string why = schedule::legal(emitter.nest, target.machine, chosen);
  if (!why.empty())
    throw std::runtime_error("schedule " + chosen.print() + " does not fit: " + why);
  schedule::apply(emitter.nest, emitter.funcs, chosen);

  Halide::Target t(target.halide);
  t.set_feature(Halide::Target::NoRuntime);
  t.set_feature(Halide::Target::UserContext);
  if (!target.asserts) {
    t.set_feature(Halide::Target::NoAsserts);
    t.set_feature(Halide::Target::NoBoundsQuery);
  }
  KernelObject result;
  result.schedule = chosen.print();
  result.scratch = schedule::scratch(emitter.nest, chosen);
  MemoryFile object, assembly;
  std::map<Halide::OutputFileType, std::string> outputs{{Halide::OutputFileType::object, object.path()}};
  if (withAssembly)
    outputs[Halide::OutputFileType::assembly] = assembly.path();
  Halide::Pipeline pipeline(emitter.result);
  schedule::foresee(pipeline, chosen);
  pipeline.compile_to(outputs, emitter.arguments, kernel.getSymName().str(), t);
  result.object = object.read();
  result.assembly = assembly.read();
  return result;
} catch (const Halide::Error &e) {
  throw std::runtime_error(e.what());
}
} // namespace kiln::lower
