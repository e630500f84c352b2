#include "compiler/codegen/Workers.h"
#include "compiler/codegen/Cache.h"
#include "compiler/codegen/DeviceKernels.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"
#include <stdexcept>

namespace kiln::codegen {
std::string printed(KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel->print(stream, mlir::OpPrintingFlags().assumeVerified());
  return text;
}

ParsedKernel parsedKernel(const std::string &text) {
  ParsedKernel parsed{std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED), {}};
  parsed.context->loadDialect<KilnDialect>();
  std::string complaints;
  mlir::ScopedDiagnosticHandler handler(parsed.context.get(),
                                        [&](mlir::Diagnostic &diagnostic) { complaints += diagnostic.str() + "\n"; });
  parsed.module = mlir::parseSourceString<mlir::ModuleOp>(text, parsed.context.get());
  if (!parsed.module || parsed.module->getOps<KernelOp>().empty())
    throw std::runtime_error("a kernel's text does not parse: " + complaints);
  return parsed;
}

namespace {
Texts pack(const lower::KernelObject &made) { return {made.object, made.assembly, made.schedule, std::to_string(made.scratch)}; }

bool unpack(const Texts &texts, lower::KernelObject &made) {
  if (texts.size() != 4 || texts[0].empty())
    return false;
  made = {texts[0], texts[1], texts[2], std::stoll(texts[3])};
  return true;
}

/// In a worker: arguments are those of `request`.
Texts compileText(const Texts &arguments) {
  ParsedKernel parsed = parsedKernel(arguments.at(0));
  lower::KernelTarget target;
  target.halide = arguments.at(1);
  target.machine = {std::stoll(arguments.at(2)), std::stoll(arguments.at(3)), std::stoll(arguments.at(4)),
                    std::stoll(arguments.at(5))};
  target.asserts = arguments.at(6) == "1";
  return pack(lower::compileKernel(parsed.kernel(), target, arguments.at(7) == "1"));
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

std::map<std::string, Task> kernelTasks() { return {{"kernel", compileText}, {"device", compileDeviceText}}; }

std::vector<KernelOp> kernelsOf(mlir::ModuleOp module, llvm::StringRef function, bool onDevice) {
  llvm::StringSet<> launched;
  eachLaunch(module, function, [&](LaunchOp launch) { launched.insert(launch.getKernel()); });
  std::vector<KernelOp> kernels;
  for (KernelOp kernel : module.getOps<KernelOp>())
    if (launched.contains(kernel.getSymName()) && lower::isForDevice(kernel) == onDevice)
      kernels.push_back(kernel);
  return kernels;
}

llvm::Error compileEach(llvm::ArrayRef<KernelOp> kernels, llvm::StringRef task, const std::function<Texts(KernelOp)> &request,
                        const WorkOptions &options,
                        const std::function<bool(size_t kernel, const Texts &texts, const Answer *answer)> &accept) {
  std::vector<Job> jobs;
  std::vector<size_t> places; // of each job's kernel
  std::vector<std::string> keys;
  for (size_t i = 0; i < kernels.size(); ++i) {
    Job job{task.str(), request(kernels[i]), options.limits};
    std::string key = options.cache ? options.cache->key(job.arguments) : "";
    std::optional<Texts> found = options.cache ? options.cache->find(key) : std::nullopt;
    if (found && accept(i, *found, nullptr))
      continue;
    jobs.push_back(std::move(job));
    places.push_back(i);
    keys.push_back(std::move(key));
  }
  size_t done = kernels.size() - jobs.size();
  std::vector<bool> whole(jobs.size(), false);
  auto finish = [&](size_t index, const Answer &answer) {
    whole[index] = answer.ok() && accept(places[index], answer.texts, &answer);
    if (whole[index] && options.cache)
      options.cache->store(keys[index], answer.texts);
    if (options.progress) {
      KernelOp kernel = kernels[places[index]];
      options.progress(++done, kernels.size(), kernel.getSymName());
    }
  };
  llvm::Expected<std::vector<Answer>> answers = runJobs(jobs, options.parallel, finish);
  if (!answers)
    return answers.takeError();
  std::string failures;
  for (size_t i = 0; i < jobs.size(); ++i)
    if (!whole[i]) {
      KernelOp kernel = kernels[places[i]];
      failures += (failures.empty() ? "kernel " : "\nkernel ") + kernel.getSymName().str() + ": " +
                  ((*answers)[i].ok() ? "its worker gave no code" : (*answers)[i].error);
    }
  return failures.empty() ? llvm::Error::success() : llvm::createStringError("%s", failures.c_str());
}

llvm::Expected<std::vector<CompiledKernel>> compileKernels(mlir::ModuleOp module, llvm::StringRef function, const Target &target,
                                                           const WorkOptions &options) {
  // What has a schedule for a device is made for the host too where it runs there: in @init, or for a target without a device.
  std::vector<KernelOp> kernels = kernelsOf(module, function, false);
  if (!target.isDevice() || function != "main")
    llvm::append_range(kernels, kernelsOf(module, function, true));
  std::vector<CompiledKernel> compiled;
  for (KernelOp kernel : kernels)
    compiled.push_back({kernel.getSymName().str(), {}, 0, 0});
  auto accept = [&](size_t index, const Texts &texts, const Answer *answer) {
    if (answer) {
      compiled[index].seconds = answer->seconds;
      compiled[index].peakBytes = answer->peakBytes;
    }
    return unpack(texts, compiled[index].made);
  };
  auto ask = [&](KernelOp kernel) { return request(kernel, target, options); };
  if (llvm::Error error = compileEach(kernels, "kernel", ask, options, accept))
    return error;
  return compiled;
}

} // namespace kiln::codegen
