#include "compiler/lower/Kernel.h"
#include "compiler/lower/KernelEmitter.h"
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace kiln::lower {

namespace {
// Once to see the loops, once more with those collapsed that can be.
std::unique_ptr<KernelEmitter> emitterOf(KernelOp kernel) {
  auto plain = std::make_unique<KernelEmitter>(kernel);
  Groups groups = plain->collapsible();
  return groups.empty() ? std::move(plain) : std::make_unique<KernelEmitter>(kernel, groups);
}
} // namespace

schedule::Nest nestOf(KernelOp kernel) try { return emitterOf(kernel)->nest; } catch (const Halide::Error &e) {
  throw std::runtime_error(e.what()); // Halide's errors are no std::exception
}

KernelObject compileKernel(KernelOp kernel, const KernelTarget &target, bool withAssembly) try {
  std::unique_ptr<KernelEmitter> made = emitterOf(kernel);
  KernelEmitter &emitter = *made;
  schedule::Schedule chosen;
  if (auto attribute = kernel.getSchedule()) {
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
  // Halide writes files only; the names do not reach the object.
  std::string path = "/tmp/kiln-kernel-" + std::to_string(getpid());
  std::map<Halide::OutputFileType, std::string> outputs{{Halide::OutputFileType::object, path + ".o"}};
  if (withAssembly)
    outputs[Halide::OutputFileType::assembly] = path + ".s";
  Halide::Pipeline(emitter.result).compile_to(outputs, emitter.arguments, kernel.getSymName().str(), t);
  auto slurp = [](const std::string &name) {
    std::ifstream in(name, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    unlink(name.c_str());
    return text.str();
  };
  result.object = slurp(path + ".o");
  if (withAssembly)
    result.assembly = slurp(path + ".s");
  return result;
} catch (const Halide::Error &e) {
  throw std::runtime_error(e.what());
}
} // namespace kiln::lower
