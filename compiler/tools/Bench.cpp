// kiln bench: how long a model takes, and each of its kernels, beside what the machine, or its card, can do.
#include "compiler/codegen/LaunchOrder.h"
#include "compiler/tools/Card.h"
#include "compiler/tools/Cost.h"
#include "compiler/tools/Machine.h"
#include "compiler/tools/Plugin.h"
#include "compiler/tools/Table.h"
#include "compiler/tools/Timing.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/cuda/device.h"
#include "llvm/Support/JSON.h"
#include <functional>
#include <map>
#include <thread>

namespace kiln::tools {
namespace {
struct BenchLaunch {
  std::string kernel, nodes, schedule;
  int64_t operations, bytes;
  double seconds;
};

struct BenchReport {
  std::string model, target, machine = "this machine";
  unsigned threads = 0;
  Timing whole;
  MachinePeak peak;
  std::vector<BenchLaunch> launches;
  double launched() const {
    double sum = 0;
    for (const BenchLaunch &launch : launches)
      sum += launch.seconds;
    return sum;
  }
};

std::string textOf(const BenchReport &report) {
  double all = std::max(report.launched(), 1e-12);
  Table table({"kernel", "nodes", "us", "share", "GFLOP/s", "of peak", "GB/s", "of memory"}, 2);
  auto percent = [](double part) { return fixed(100 * part) + " %"; };
  int64_t operations = 0;
  for (const BenchLaunch &launch : report.launches) {
    double seconds = std::max(launch.seconds, 1e-9), flops = double(launch.operations) / seconds,
           bytes = double(launch.bytes) / seconds;
    std::string nodes = launch.nodes.size() > 48 ? launch.nodes.substr(0, 45) + "..." : launch.nodes;
    table.add({launch.kernel, nodes, fixed(launch.seconds * 1e6, 2), percent(launch.seconds / all), fixed(flops / 1e9),
               report.peak.flops > 0 ? percent(flops / report.peak.flops) : "-", fixed(bytes / 1e9),
               percent(bytes / report.peak.bandwidth)});
    operations += launch.operations;
  }
  std::string text = report.model + " for " + report.target;
  text += report.threads == 0 ? "\n" : ", " + std::to_string(report.threads) + (report.threads == 1 ? " thread\n" : " threads\n");
  text += "min " + fixed(report.whole.least * 1e6) + " us, median " + fixed(report.whole.median * 1e6) + " us over " +
          std::to_string(report.whole.runs) + " runs; " + fixed(double(operations) / report.whole.median / 1e9) + " GFLOP/s\n";
  text += report.machine + ": " +
          (report.peak.flops > 0 ? fixed(report.peak.flops / 1e9) + " GFLOP/s of multiply-adds, " : std::string()) +
          fixed(report.peak.bandwidth / 1e9) + " GB/s from memory\n\n";
  return text + table.print();
}

std::string jsonOf(const BenchReport &report) {
  llvm::json::Array kernels;
  for (const BenchLaunch &launch : report.launches) {
    double seconds = std::max(launch.seconds, 1e-9);
    kernels.push_back(llvm::json::Object{{"kernel", launch.kernel},
                                         {"nodes", launch.nodes},
                                         {"schedule", launch.schedule},
                                         {"us", launch.seconds * 1e6},
                                         {"share", launch.seconds / std::max(report.launched(), 1e-12)},
                                         {"flops", launch.operations},
                                         {"bytes", launch.bytes},
                                         {"gflops", double(launch.operations) / seconds / 1e9},
                                         {"gbytes", double(launch.bytes) / seconds / 1e9}});
  }
  llvm::json::Object all{{"model", report.model},
                         {"target", report.target},
                         {"machine", report.machine},
                         {"threads", int64_t(report.threads)},
                         {"runs", int64_t(report.whole.runs)},
                         {"min_us", report.whole.least * 1e6},
                         {"median_us", report.whole.median * 1e6},
                         {"peak_gflops", report.peak.flops / 1e9},
                         {"peak_gbytes", report.peak.bandwidth / 1e9},
                         {"kernels", std::move(kernels)}};
  return llvm::formatv("{0:2}\n", llvm::json::Value(std::move(all))).str();
}

/// What each launch computes, in the program's order.
std::vector<BenchLaunch> launchesOf(mlir::ModuleOp planned) {
  std::vector<BenchLaunch> launches;
  auto kernelOf = [&](LaunchOp launch) { return planned.lookupSymbol<KernelOp>(launch.getKernel()); };
  std::function<void(RepeatOp, int64_t, BenchLaunch &)> addSteps = [&](RepeatOp repeat, int64_t times, BenchLaunch &loop) {
    times *= static_cast<int64_t>(repeat.getSteps());
    planned.lookupSymbol<mlir::func::FuncOp>(repeat.getBody()).walk([&](mlir::Operation *op) {
      if (auto launch = mlir::dyn_cast<LaunchOp>(op)) {
        loop.operations += operationsOf(kernelOf(launch)) * times;
        loop.bytes += bytesOf(kernelOf(launch)) * times;
      } else if (auto inner = mlir::dyn_cast<RepeatOp>(op)) {
        addSteps(inner, times, loop);
      }
    });
  };
  planned.lookupSymbol<mlir::func::FuncOp>("main").walk([&](mlir::Operation *op) {
    if (auto launch = mlir::dyn_cast<LaunchOp>(op)) {
      KernelOp kernel = kernelOf(launch);
      std::string schedule = kernel.getSchedule() ? kernel.getSchedule()->getText().str() : "";
      launches.push_back({launch.getKernel().str(), nodeNames(op->getLoc()), schedule, operationsOf(kernel), bytesOf(kernel), 0});
    } else if (auto repeat = mlir::dyn_cast<RepeatOp>(op)) { // all steps in one line
      BenchLaunch loop{
          repeat.getBody().str(), nodeNames(op->getLoc()), "loop{steps=" + std::to_string(repeat.getSteps()) + "}", 0, 0, 0};
      addSteps(repeat, 1, loop);
      launches.push_back(loop);
    }
  });
  return launches;
}

/// What a card's steps compute, one line for each launch of the text, however often a loop makes it; `steps` of the model in their order,
/// with seconds. What is no launch (copies, zeroes, parts on the host) has a line by its name.
llvm::Expected<std::vector<BenchLaunch>> launchesOf(mlir::ModuleOp planned, const kiln_device_model &device,
                                                    const std::vector<double> &seconds) {
  auto order = codegen::launchOrder(planned.lookupSymbol<mlir::func::FuncOp>("main"));
  if (!order)
    return order.takeError();
  std::vector<BenchLaunch> lines;
  std::map<std::pair<mlir::Operation *, std::string>, size_t> known;
  auto next = order->begin();
  for (uint32_t i = 0; i < device.step_count; ++i) {
    const kiln_step &step = device.steps[i];
    LaunchOp launch;
    if (step.kind == KILN_STEP_LAUNCH)
      while (!launch && next != order->end()) {
        LaunchOp candidate = next++->launch;
        std::string nodes = candidate ? nodeNames(candidate.getLoc()) : "";
        if (candidate && step.name == (nodes.empty() ? candidate.getKernel().str() : nodes))
          launch = candidate;
      }
    auto [at, fresh] = known.try_emplace({launch, launch ? "" : step.name}, lines.size());
    KernelOp kernel = launch ? planned.lookupSymbol<KernelOp>(launch.getKernel()) : KernelOp();
    if (fresh)
      lines.push_back({kernel ? launch.getKernel().str() : "-", step.name,
                       kernel && kernel.getSchedule() ? kernel.getSchedule()->getText().str() : "", 0, 0, 0});
    BenchLaunch &line = lines[at->second];
    line.operations += kernel ? operationsOf(kernel) : 0;
    line.bytes += kernel ? bytesOf(kernel) : int64_t(step.bytes);
    line.seconds += seconds[i];
  }
  return lines;
}

struct BenchCommand {
  BuildOptions build;
  bool json = false;
  int32_t threads = 1;
  double seconds = 1;

  llvm::Error run() {
    if (json && build.timing)
      return llvm::createStringError("--json: expected no --timing with it");
    auto started = Build::start(build);
    if (!started)
      return started.takeError();
    if (started->target().isBoth())
      return llvm::createStringError("target %s: expected a processor or a card, one at a time", started->target().name.c_str());
    Plugin plugin;
    CompileOptions options;
    options.clock = !started->target().isDevice();
    if (llvm::Error error = plugin.load(*started, options))
      return error;
    BenchReport report;
    report.model = plugin.model().info.name;
    report.target = started->target().name;
    if (started->target().isDevice())
      return isolated([&] { return runOnCard(plugin.model(), *started->loaded().module, report); });
    report.threads = threads ? unsigned(threads) : std::max(1u, std::thread::hardware_concurrency());
    report.launches = launchesOf(*started->loaded().module);
    return isolated([&] {
      std::string problem;
      std::vector<double> launchSeconds;
      if (!timeModel(plugin.model(), int32_t(report.threads), seconds, report.whole, launchSeconds, problem)) {
        fprintf(stderr, "kiln: error: %s\n", problem.c_str());
        return 1;
      }
      for (size_t i = 0; i < report.launches.size() && i < launchSeconds.size(); ++i)
        report.launches[i].seconds = launchSeconds[i];
      report.peak = measurePeak(started->target().machine.lanes, report.threads);
      fputs((json ? jsonOf(report) : textOf(report)).c_str(), stdout);
      return 0;
    });
  }

  int runOnCard(const kiln_model &model, mlir::ModuleOp planned, BenchReport &report) const {
    CardTiming timing;
    std::string problem;
    bool good = timeOnCard(model, seconds, timing, problem) && measureCard(report.peak, problem);
    if (good) {
      report.machine = timing.name;
      report.whole = timing.whole;
      auto lines = launchesOf(planned, *model.device, timing.steps);
      if (lines)
        report.launches = std::move(*lines);
      else
        good = false, problem = llvm::toString(lines.takeError());
    }
    if (good)
      fputs((json ? jsonOf(report) : textOf(report)).c_str(), stdout);
    else
      fprintf(stderr, "kiln: error: %s\n", problem.c_str());
    return good ? 0 : 1;
  }
};

RegisterCommand command(40, [](CLI::App &app) {
  auto state = std::make_shared<BenchCommand>();
  CLI::App *bench = app.add_subcommand("bench", "time a model and each of its kernels");
  bench->footer(
      "Inputs are made up: numbers in [-1, 1), and zeros for integers. A kernel's time is the median over all runs, inside the "
      "whole\n"
      "model; shares of the peak and of memory are those that this machine reaches now (results in cache can exceed memory's).\n"
      "On a card, kernels are timed by its events, one by one, and whole runs as they go, with inputs and outputs in its "
      "memory.\n\n"
      "Examples:\n"
      "  kiln bench lenet5.onnx\n"
      "  kiln bench net.onnx --dim batch=8 --threads 2 --seconds 5\n"
      "  kiln bench net.onnx --target=host-cuda-sm_90\n"
      "  kiln bench net.onnx --json > net.json");
  state->build.declare(*bench);
  bench->add_flag("--json", state->json, "print JSON instead of a table");
  bench->add_option("--threads", state->threads, "threads to run with; 0: the machine's processors")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  bench->add_option("--seconds", state->seconds, "how long to repeat")->check(CLI::Range(0.001, 3600.0))->capture_default_str();
  return std::make_pair(bench, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
