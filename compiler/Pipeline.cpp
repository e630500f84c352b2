#include "compiler/Pipeline.h"
#include "compiler/Provenance.h"
#include "compiler/codegen/Header.h"
#include "compiler/codegen/JoinWeights.h"
#include "compiler/passes/Passes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <chrono>

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

/// Front end to plan: the passes alone, in place. Constants too large for code join `half.constants` (parameter name -> bytes).
llvm::Error lowerToPlan(Half &half, const CompileOptions &options) {
  ModuleOp module = half.planned;
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
      if (options.target.isBoth())
        stream << "// for " << half.target.name << "\n";
      module.print(stream);
      options.print(text + "\n");
    }
    return ok;
  };
  auto pass = [](std::unique_ptr<Pass> p) { return [p = p.release()](OpPassManager &m) { m.addPass(std::unique_ptr<Pass>(p)); }; };
  bool ok = step("autodiff", pass(createAutodiffPass())) && step("graph", [](OpPassManager &m) { addSimplify(m); }) &&
            (!holdsLoops(module) || step("outlined", pass(createOutlinePass()))) &&
            step("constants", pass(createExternalizePass(&half.constants))) &&
            (!half.target.isDevice() || (step("parts", pass(createPartsPass())) && step("packed", pass(createPackPass())))) &&
            step("fused", pass(createFusePass())) &&
            step("layout", pass(createLayoutPass(half.target.isDevice() ? 0 : half.target.machine.lanes))) &&
            step("lifted", pass(createLiftPass())) && step("hoisted", pass(createHoistPass())) &&
            step("overwriting", pass(createOverwritePass(half.target.machine, half.target.isDevice()))) &&
            step("merged", pass(createMergePass())) &&
            step("scheduled", pass(createSchedulePass(half.target.machine, half.target.isDevice()))) &&
            step("ordered", pass(createOrderPass())) && step("planned", pass(createPlanPass()));
  return ok ? llvm::Error::success()
            : llvm::createStringError("%s", problems.empty() ? "the graph could not be lowered" : problems.c_str());
}

/// Kernels become code, on the processor and on cards.
llvm::Error compileKernels(Half &half, const CompileOptions &options) {
  codegen::WorkOptions work = options.work;
  work.assembly |= wants(options, "asm");
  auto kernels = codegen::compileKernels(half.planned, "main", half.target, work);
  if (!kernels)
    return kernels.takeError();
  half.kernels = std::move(*kernels);
  if (half.target.isDevice()) {
    auto made = codegen::compileDeviceKernels(half.planned, half.target, work);
    if (!made)
      return made.takeError();
    half.onDevice = std::move(*made);
  }
  for (const codegen::DeviceKernel &kernel : half.onDevice)
    if (wants(options, "ptx"))
      options.print(kernel.code.ptx);
  // The rule's estimate of scratch is for choosing; what the kernels were made with is what they need.
  int64_t need = 0;
  for (const codegen::CompiledKernel &kernel : half.kernels) {
    if (wants(options, "asm"))
      options.print(kernel.made.assembly);
    need = std::max(need, kernel.made.scratch ? kernel.made.scratch + 1024 : 0);
  }
  half.planned->setAttr("kiln.scratch_size", Builder(half.planned.getContext()).getI64IntegerAttr(need));
  return llvm::Error::success();
}

llvm::Error packWeights(Half &half, const codegen::ParameterBytes &bytes, const CompileOptions &options) {
  auto parameter = [&](StringRef name) -> llvm::Expected<StringRef> {
    auto constant = half.constants.find(name.str());
    return constant != half.constants.end() ? llvm::Expected<StringRef>(constant->second) : bytes(name);
  };
  codegen::WorkOptions quiet = options.work;
  quiet.progress = {};
  return codegen::packWeights(half.planned, half.target, parameter, quiet, half.blob);
}

/// The processor's program first.
std::vector<Half> halvesOf(ModuleOp module, const codegen::Target &target) {
  std::vector<Half> halves(1);
  halves[0].planned = module;
  halves[0].target = target;
  if (target.isBoth()) {
    halves[0].target = target.processorHalf();
    halves.emplace_back();
    halves[1].copy = module.clone();
    halves[1].planned = *halves[1].copy;
    halves[1].target = target.cardHalf();
  }
  return halves;
}

/// What all programs link with: a kernel that two of them call is in both, named by what it does.
std::vector<StringRef> objectsOf(ArrayRef<Half> halves) {
  std::vector<StringRef> objects;
  llvm::StringMap<StringRef> known;
  for (const Half &half : halves)
    for (const codegen::CompiledKernel &kernel : half.kernels) {
      auto [entry, isNew] = known.insert({kernel.name, kernel.made.object});
      assert((isNew || entry->second == kernel.made.object) && "a kernel's name is the hash of its text");
      if (isNew)
        objects.push_back(kernel.made.object);
    }
  return objects;
}

llvm::Error writeHeader(const std::string &path, const CompileOptions &options, const codegen::ProgramObject &program,
                        uint64_t weights) {
  codegen::HeaderFacts facts{options.prefix,  options.model, program.signature,        program.arena,
                             program.scratch, weights,       options.target.isDevice()};
  std::error_code failed;
  llvm::raw_fd_ostream stream(path, failed);
  stream << codegen::headerText(facts);
  stream.close();
  if (!failed && !stream.has_error())
    return llvm::Error::success();
  failed = failed ? failed : stream.error();
  stream.clear_error();
  return llvm::createStringError("cannot write '%s': %s", options.header.c_str(), failed.message().c_str());
}
} // namespace

llvm::Expected<CompiledFacts> compile(ModuleOp module, const codegen::ParameterBytes &bytes, const CompileOptions &options) {
  CompiledFacts facts;
  Stopwatch watch(facts);
  if (llvm::Error e = codegen::checkOutputs(options.target, options.outputs))
    return e;
  if (options.staticExecutable && options.target.isDevice())
    return llvm::createStringError(
        "target %s: expected an executable without --static, found one that could not open the card's driver",
        options.target.name.c_str());
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
  std::vector<Half> halves = halvesOf(module, options.target);
  Half &first = halves.front(), &last = halves.back();
  for (Half &half : halves)
    if (llvm::Error e = lowerToPlan(half, options))
      return e;
  watch.lap("graph");

  for (Half &half : halves) {
    if (llvm::Error e = compileKernels(half, options))
      return e;
    facts.kernels += half.kernels.size() + half.onDevice.size();
  }
  watch.lap("kernels");

  codegen::ScratchFolder scratch;
  if (llvm::Error e = scratch.create())
    return e;
  for (Half &half : halves) {
    half.blob = scratch.path("weights" + std::to_string(&half - halves.data()));
    if (llvm::Error e = packWeights(half, bytes, options))
      return e;
  }
  std::string blob = first.blob;
  if (halves.size() > 1) {
    blob = scratch.path("weights");
    if (llvm::Error e = codegen::joinWeights(first.planned, first.blob, last.planned, last.blob, blob))
      return e;
  }
  auto weights = codegen::factsOf(blob);
  if (!weights)
    return weights.takeError();
  watch.lap("weights");

  codegen::ProgramOptions program;
  program.prefix = options.prefix;
  program.model = options.model;
  program.provenance = facts.provenance = provenanceOf(halves, options, *weights);
  program.clock = options.clock;
  if (options.target.isDevice())
    program.card.emplace(codegen::CardProgram{last.planned, last.onDevice});
  program.weights.size = weights->size;
  program.weights.hash = weights->hash;
  if (!options.weightsFile.empty())
    program.weights.file = llvm::sys::path::filename(options.weightsFile).str();
  auto object = codegen::compileProgram(first.planned, options.target, program);
  if (!object)
    return object.takeError();
  if (wants(options, "llvm"))
    options.print(object->llvm);
  facts.signature = object->signature;
  facts.arena = static_cast<int64_t>(object->arena);
  facts.scratch = static_cast<int64_t>(object->scratch);
  facts.weights = static_cast<int64_t>(weights->size);
  watch.lap("program");

  if (!header.empty())
    if (llvm::Error e = writeHeader(header, options, *object, weights->size))
      return e;
  if (!weightsFile.empty()) {
    auto tensors = halves.size() > 1 ? codegen::packedTensors(first.planned, last.planned) : codegen::packedTensors(first.planned);
    if (llvm::Error e = codegen::writeSafetensors(blob, tensors, weightsFile))
      return e;
  }
  codegen::LinkInput input;
  input.prefix = options.prefix;
  input.hasDevice = options.target.isDevice();
  input.program = object->object;
  input.kernels = objectsOf(halves);
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
