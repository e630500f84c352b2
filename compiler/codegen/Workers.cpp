#include "compiler/codegen/Workers.h"
#include "compiler/codegen/Cache.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"
#include <stdexcept>

namespace kiln::codegen {
namespace {
std::string printed(KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel->print(stream, mlir::OpPrintingFlags().assumeVerified());
  return text;
}

Texts pack(const lower::KernelObject &made) { return {made.object, made.assembly, made.schedule, std::to_string(made.scratch)}; }

bool unpack(const Texts &texts, lower::KernelObject &made) {
  if (texts.size() != 4 || texts[0].empty())
    return false;
  made = {texts[0], texts[1], texts[2], std::stoll(texts[3])};
  return true;
}

/// In a worker: arguments are those of `request`.
Texts compileText(const Texts &arguments) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<KilnDialect>();
  std::string complaints;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) { complaints += diagnostic.str() + "\n"; });
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(arguments.at(0), &context);
  if (!module || module->getOps<KernelOp>().empty())
    throw std::runtime_error("a kernel's text does not parse: " + complaints);
  lower::KernelTarget target;
  target.halide = arguments.at(1);
  target.machine = {std::stoll(arguments.at(2)), std::stoll(arguments.at(3)), std::stoll(arguments.at(4)),
                    std::stoll(arguments.at(5))};
  target.asserts = arguments.at(6) == "1";
  return pack(lower::compileKernel(*module->getOps<KernelOp>().begin(), target, arguments.at(7) == "1"));
}

Texts request(KernelOp kernel, const Target &target, const WorkOptions &options) {
  const schedule::Machine &machine = target.machine;
  return {printed(kernel),
          target.halide,
          std::to_string(machine.lanes),
          std::to_string(machine.registers),
          std::to_string(machine.l1),
          std::to_string(machine.l2),
          options.asserts ? "1" : "0",
          options.assembly ? "1" : "0"};
}
} // namespace

std::map<std::string, Task> kernelTasks() { return {{"kernel", compileText}}; }

llvm::Expected<std::vector<CompiledKernel>> compileKernels(mlir::ModuleOp module, llvm::StringRef function, const Target &target,
                                                           const WorkOptions &options) {
  std::vector<CompiledKernel> compiled;
  std::vector<Job> jobs;
  std::vector<size_t> places; // of each job's kernel in `compiled`
  std::vector<std::string> keys;
  llvm::StringSet<> launched;
  if (mlir::Operation *caller = module.lookupSymbol(function))
    caller->walk([&](LaunchOp launch) { launched.insert(launch.getKernel()); });
  for (KernelOp kernel : module.getOps<KernelOp>()) {
    if (!launched.contains(kernel.getSymName()))
      continue;
    Job job{"kernel", request(kernel, target, options), options.limits};
    std::string key = options.cache ? options.cache->key(job.arguments) : "";
    compiled.push_back({kernel.getSymName().str(), {}, 0, 0});
    std::optional<Texts> found = options.cache ? options.cache->find(key) : std::nullopt;
    if (found && unpack(*found, compiled.back().made))
      continue;
    jobs.push_back(std::move(job));
    places.push_back(compiled.size() - 1);
    keys.push_back(std::move(key));
  }
  size_t done = compiled.size() - jobs.size();
  std::string failures;
  auto finish = [&](size_t index, const Answer &answer) {
    CompiledKernel &kernel = compiled[places[index]];
    if (answer.ok() && unpack(answer.texts, kernel.made)) {
      kernel.seconds = answer.seconds;
      kernel.peakBytes = answer.peakBytes;
      if (options.cache)
        options.cache->store(keys[index], answer.texts);
    }
    if (options.progress)
      options.progress(++done, compiled.size(), kernel.name);
  };
  llvm::Expected<std::vector<Answer>> answers = runJobs(jobs, options.parallel, finish);
  if (!answers)
    return answers.takeError();
  for (size_t i = 0; i < jobs.size(); ++i)
    if (compiled[places[i]].made.object.empty())
      failures += (failures.empty() ? "kernel " : "\nkernel ") + compiled[places[i]].name + ": " +
                  ((*answers)[i].ok() ? "its worker gave no object" : (*answers)[i].error);
  if (!failures.empty())
    return llvm::createStringError("%s", failures.c_str());
  return compiled;
}

} // namespace kiln::codegen
