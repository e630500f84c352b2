#include "compiler/Pipeline.h"
#include "compiler/codegen/DeviceKernels.h"
#include "compiler/codegen/Header.h"
#include "compiler/codegen/Object.h"
#include "compiler/codegen/Weights.h"
#include "compiler/passes/Passes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include <chrono>
#include <set>

using namespace mlir;

namespace kiln {
const char *const version = "0.1.0";

namespace {
class Stopwatch {
public:
  explicit Stopwatch(CompiledFacts &facts) : facts(facts) {}
  void lap(const std::string &name) {
    auto now = std::chrono::steady_clock::now();
    facts.steps.push_back({name, std::chrono::duration<double>(now - last).count()});
    last = now;
  }

private:
  CompiledFacts &facts;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

bool wants(const CompileOptions &options, StringRef stage) { return options.print && llvm::is_contained(options.dump, stage); }

bool holdsLoops(ModuleOp module) {
  return module.walk([](LoopOpInterface) { return WalkResult::interrupt(); }).wasInterrupted();
}

// Who made this from what: read back by `kiln inspect`. Nothing in it depends on the machine, the folder or the time.
std::string provenanceOf(ModuleOp module, const CompileOptions &options, const codegen::BlobFacts &blob,
                         const std::vector<codegen::CompiledKernel> &compiled, const std::vector<codegen::DeviceKernel> &onDevice) {
  llvm::json::Array kernels, launches;
  for (const codegen::DeviceKernel &kernel : onDevice) {
    int64_t bytes = static_cast<int64_t>(kernel.code.ptx.size());
    llvm::json::Array cards;
    for (auto [capability, image] : llvm::zip(options.target.capabilities, kernel.images)) {
      bytes += static_cast<int64_t>(image.cubin.size());
      cards.push_back(llvm::json::Object{{"card", "sm_" + std::to_string(capability)},
                                         {"registers", image.registers},
                                         {"spills", image.spills},
                                         {"stack", image.stack}});
    }
    kernels.push_back(llvm::json::Object{{"name", kernel.name},
                                         {"schedule", kernel.code.schedule},
                                         {"bytes", bytes},
                                         {"shared", kernel.code.shared},
                                         {"cards", std::move(cards)}});
  }
  for (const codegen::CompiledKernel &kernel : compiled)
    kernels.push_back(llvm::json::Object{
        {"name", kernel.name}, {"schedule", kernel.made.schedule}, {"bytes", codegen::loadedBytes(kernel.made.object)}});
  eachLaunch(module, "main", [&](LaunchOp launch) {
    llvm::json::Array offsets;
    auto placed = launch.getOffsets();
    for (int64_t offset : *placed)
      offsets.push_back(offset);
    launches.push_back(
        llvm::json::Object{{"kernel", launch.getKernel()}, {"nodes", nodeNames(launch.getLoc())}, {"offsets", std::move(offsets)}});
  });
  auto integer = [&](StringRef name) { return module->getAttrOfType<IntegerAttr>(name).getInt(); };
  llvm::json::Object plan{
      {"arena", integer("kiln.arena_size")}, {"scratch", integer("kiln.scratch_size")}, {"launches", std::move(launches)}};
  llvm::json::Object all{{"kiln", version},
                         {"model", options.model},
                         {"model_sha256", options.modelHash},
                         {"weights_sha256", llvm::toHex(llvm::ArrayRef<uint8_t>(blob.hash), true)},
                         {"target", options.target.name},
                         {"options", options.optionsText},
                         {"kernels", std::move(kernels)},
                         {"plan", std::move(plan)}};
  return llvm::formatv("{0}", llvm::json::Value(std::move(all))).str();
}
} // namespace

llvm::Error lowerToPlan(ModuleOp module, const CompileOptions &options, std::map<std::string, std::string> &constants,
                        CompiledFacts &facts) {
  std::string problems;
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      llvm::raw_string_ostream stream(problems);
      if (!problems.empty())
        stream << "\n";
      if (auto name = diagnostic.getLocation()->findInstanceOf<NameLoc>())
        stream << "node '" << name.getName().getValue() << "': ";
      stream << diagnostic;
    }
    return success();
  });
  auto step = [&](StringRef stage, llvm::function_ref<void(OpPassManager &)> add) -> bool {
    PassManager manager(module.getContext());
    add(manager);
    bool ok = succeeded(manager.run(module));
    if (ok && wants(options, stage)) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      module.print(stream);
      options.print(text + "\n");
    }
    return ok;
  };
  auto pass = [](std::unique_ptr<Pass> p) { return [p = p.release()](OpPassManager &m) { m.addPass(std::unique_ptr<Pass>(p)); }; };
  auto addLoops = [&](OpPassManager &m) { // a card's program is a list of launches
    m.addPass(options.target.isDevice() ? createUnrollPass() : createOutlinePass());
    if (options.target.isDevice())
      addSimplify(m);
  };
  bool ok = step("autodiff", pass(createAutodiffPass())) && step("graph", [](OpPassManager &m) { addSimplify(m); }) &&
            (!holdsLoops(module) || step("outlined", addLoops)) && step("constants", pass(createExternalizePass(&constants))) &&
            step("fused", pass(createFusePass())) &&
            step("layout", pass(createLayoutPass(options.target.isDevice() ? 0 : options.target.machine.lanes))) &&
            step("lifted", pass(createLiftPass())) && step("hoisted", pass(createHoistPass())) &&
            step("merged", pass(createMergePass())) &&
            step("scheduled", pass(createSchedulePass(options.target.machine, options.target.isDevice()))) &&
            step("ordered", pass(createOrderPass())) && step("planned", pass(createPlanPass()));
  return ok ? llvm::Error::success()
            : llvm::createStringError("%s", problems.empty() ? "the graph could not be lowered" : problems.c_str());
}

llvm::Expected<CompiledFacts> compile(ModuleOp module, const codegen::ParameterBytes &bytes, const CompileOptions &options) {
  CompiledFacts facts;
  Stopwatch watch(facts);
  if (llvm::Error e = codegen::checkOutputs(options.target, options.outputs))
    return e;
  // Names first: an output that cannot be written is an error before any work.
  codegen::Staging staging;
  codegen::Outputs staged;
  std::string header, weightsFile;
  const std::pair<const std::string &, std::string &> files[] = {{options.outputs.executable, staged.executable},
                                                                 {options.outputs.shared, staged.shared},
                                                                 {options.outputs.library, staged.library},
                                                                 {options.outputs.object, staged.object},
                                                                 {options.header, header},
                                                                 {options.weightsFile, weightsFile}};
  for (auto &[wanted, temporary] : files)
    if (!wanted.empty()) {
      auto name = staging.add(wanted, &wanted == &options.outputs.executable || &wanted == &options.outputs.shared);
      if (!name)
        return name.takeError();
      temporary = *name;
    }
  std::map<std::string, std::string> constants;
  if (llvm::Error e = lowerToPlan(module, options, constants, facts))
    return e;
  watch.lap("graph");

  codegen::WorkOptions work = options.work;
  work.assembly |= wants(options, "asm");
  auto kernels = codegen::compileKernels(module, "main", options.target, work);
  if (!kernels)
    return kernels.takeError();
  std::vector<codegen::DeviceKernel> onDevice;
  if (options.target.isDevice()) {
    auto made = codegen::compileDeviceKernels(module, options.target, work);
    if (!made)
      return made.takeError();
    onDevice = std::move(*made);
  }
  facts.kernels = kernels->size() + onDevice.size();
  for (const codegen::DeviceKernel &kernel : onDevice)
    if (wants(options, "ptx"))
      options.print(kernel.code.ptx);
  for (const codegen::CompiledKernel &kernel : *kernels)
    if (wants(options, "asm"))
      options.print(kernel.made.assembly);
  // The rule's estimate of scratch is for choosing; what the kernels were made with is what they need.
  int64_t need = 0;
  for (const codegen::CompiledKernel &kernel : *kernels)
    need = std::max(need, kernel.made.scratch ? kernel.made.scratch + 1024 : 0);
  module->setAttr("kiln.scratch_size", Builder(module.getContext()).getI64IntegerAttr(need));
  watch.lap("kernels");

  codegen::ScratchFolder scratch;
  if (llvm::Error e = scratch.create())
    return e;
  std::string blob = scratch.path("weights");
  auto parameter = [&](StringRef name) -> llvm::Expected<StringRef> {
    auto constant = constants.find(name.str());
    return constant != constants.end() ? llvm::Expected<StringRef>(constant->second) : bytes(name);
  };
  codegen::WorkOptions quiet = options.work;
  quiet.progress = {};
  if (llvm::Error e = codegen::packWeights(module, options.target, parameter, quiet, blob))
    return e;
  auto weights = codegen::factsOf(blob);
  if (!weights)
    return weights.takeError();
  watch.lap("weights");

  codegen::ProgramOptions program;
  program.prefix = options.prefix;
  program.model = options.model;
  program.provenance = facts.provenance = provenanceOf(module, options, *weights, *kernels, onDevice);
  program.clock = options.clock;
  program.device = options.target.isDevice() ? &onDevice : nullptr;
  program.weights.size = weights->size;
  program.weights.hash = weights->hash;
  if (!options.weightsFile.empty())
    program.weights.file = llvm::sys::path::filename(options.weightsFile).str();
  auto object = codegen::compileProgram(module, options.target, program);
  if (!object)
    return object.takeError();
  if (wants(options, "llvm"))
    options.print(object->llvm);
  facts.signature = object->signature;
  auto integer = [&](StringRef name) { return module->getAttrOfType<IntegerAttr>(name).getInt(); };
  facts.arena = integer("kiln.arena_size");
  facts.scratch = integer("kiln.scratch_size");
  facts.weights = static_cast<int64_t>(weights->size);
  watch.lap("program");

  if (!options.header.empty()) {
    codegen::HeaderFacts headerFacts{
        options.prefix, options.model, facts.signature, static_cast<uint64_t>(facts.arena), static_cast<uint64_t>(facts.scratch),
        weights->size};
    std::error_code failed;
    llvm::raw_fd_ostream stream(header, failed);
    stream << codegen::headerText(headerFacts);
    stream.close();
    if (failed || stream.has_error())
      return llvm::createStringError("cannot write '%s': %s", options.header.c_str(),
                                     (failed ? failed : stream.error()).message().c_str());
  }
  if (!weightsFile.empty())
    if (llvm::Error e = codegen::writeSafetensors(blob, codegen::packedTensors(module), weightsFile))
      return e;
  codegen::LinkInput input;
  input.prefix = options.prefix;
  input.hasDevice = options.target.isDevice();
  input.program = object->object;
  for (const codegen::CompiledKernel &kernel : *kernels)
    input.kernels.push_back(kernel.made.object);
  input.weights = options.weightsFile.empty() ? blob : "";
  input.staticExecutable = options.staticExecutable;
  input.soname = llvm::sys::path::filename(options.outputs.shared).str();
  if (llvm::Error e = codegen::link(options.target, input, staged, scratch))
    return e;
  if (llvm::Error e = staging.commit())
    return e;
  watch.lap("link");
  return facts;
}
} // namespace kiln
