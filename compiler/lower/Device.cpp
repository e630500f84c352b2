// Device.cpp - a kernel with a schedule for a device becomes PTX and the numbers of its launch. In: the kernel. Out: DeviceCode.
//
// Halide makes a host function around every device kernel, which loads modules and keeps state. Nothing of it is used: the code is the
// buffer that its module carries, the numbers are the arguments of the one launch in the function's body.
#include "compiler/lower/KernelEmitter.h"
#include "compiler/lower/OpenCL.h"
#include "compiler/lower/Ptx.h"
#include "compiler/schedule/ApplyGpu.h"
#include <cstring>

namespace kiln::lower {
namespace {
using namespace Halide::Internal;
using Halide::Expr;

constexpr int64_t vectorBytes = 16;

struct Launch : IRVisitor {
  using IRVisitor::visit;
  std::map<std::string, Expr> lets;
  std::vector<const Call *> calls;
  std::map<const Call *, std::map<std::string, Expr>> scopes;
  void visit(const LetStmt *let) override {
    lets[let->name] = let->value;
    IRVisitor::visit(let);
  }
  void visit(const Let *let) override {
    lets[let->name] = let->value;
    IRVisitor::visit(let);
  }
  void visit(const Call *call) override {
    if (call->name == "halide_cuda_run" || call->name == "halide_opencl_run") {
      calls.push_back(call);
      scopes[call] = lets;
    }
    IRVisitor::visit(call);
  }
};

class Reader {
public:
  explicit Reader(const std::map<std::string, Expr> &lets) : lets(lets) {}
  Expr resolved(Expr e) const {
    for (const auto *v = e.as<Variable>(); v && lets.count(v->name); v = e.as<Variable>())
      e = lets.at(v->name);
    return e;
  }
  int64_t number(const Expr &e) const {
    Expr simple = e;
    for (int depth = 0; depth < 8; ++depth)
      simple = substitute(lets, simple);
    simple = simplify(simple);
    auto constant = as_const_int(simple);
    auto bits = as_const_uint(simple);
    if (!constant && !bits)
      throw std::runtime_error("a number of its launch is no constant");
    return constant ? *constant : static_cast<int64_t>(*bits);
  }
  std::vector<Expr> members(const Expr &e) const {
    const auto *call = resolved(e).as<Call>();
    if (!call || !call->is_intrinsic(Call::make_struct))
      throw std::runtime_error("its launch has arguments of an unknown form");
    return call->args;
  }

  /// The buffer whose address is handed over, by the name that the emitter gave it.
  std::string buffer(Expr e) const {
    for (;;) {
      e = resolved(e);
      if (const auto *cast = e.as<Cast>())
        e = cast->value;
      else if (const auto *bits = e.as<Reinterpret>())
        e = bits->value;
      else
        break;
    }
    const auto *variable = e.as<Variable>();
    std::string name = variable ? variable->name : "";
    if (name.size() < 7 || name.substr(name.size() - 7) != ".buffer")
      throw std::runtime_error("its launch has an argument that is no buffer");
    return name.substr(0, name.size() - 7);
  }

private:
  const std::map<std::string, Expr> &lets;
};
} // namespace

std::string argumentsText(const DeviceCode &code, KernelOp kernel) {
  std::string text;
  int inputs = static_cast<int>(kernel.getArgumentTypes().size());
  for (int operand : code.arguments) {
    bool isResult = operand >= inputs;
    mlir::Type type = isResult ? kernel.getResultTypes()[operand - inputs] : kernel.getArgumentTypes()[operand];
    text += " " + std::to_string(bytesOf(type)) + (isResult ? " w" : " r");
  }
  return text;
}

DeviceCode compileForDevice(KernelOp kernel, int capability, const Placement &placement) try {
  std::unique_ptr<KernelEmitter> emitter = emitterOf(kernel, Side::Device);
  schedule::Schedule chosen;
  std::string why;
  if (!kernel.getSchedule() || !schedule::Schedule::parse(kernel.getSchedule()->getText().str(), chosen, why))
    throw std::runtime_error("expected a schedule for a device: " + why);
  why = schedule::gpuLegal(emitter->nest, chosen);
  if (!why.empty())
    throw std::runtime_error("schedule " + chosen.print() + " does not fit: " + why);
  // Halide takes every buffer of a device to begin at a multiple of a vector: where one does not, no vector of it is loaded.
  std::vector<std::string> unaligned;
  for (size_t i = 0; i < placement.aligned.size(); ++i)
    if (placement.aligned[i] % vectorBytes)
      unaligned.push_back(i < emitter->arguments.size() ? emitter->arguments[i].name : emitter->nest.result().func);
  schedule::Schedule applied = unaligned.empty() ? chosen : chosen.with("unaligned", schedule::join(unaligned));
  if (capability == openCL) // which has no shuffles between lanes
    applied = applied.with("shuffles", "none");
  schedule::apply(emitter->nest, emitter->funcs, applied);
  std::string language = capability == openCL ? "opencl" : "cuda";
  Halide::Target target("x86-64-linux-no_runtime-no_asserts-no_bounds_query-user_context-" + language +
                        (capability == openCL ? "-cl_doubles-cl_atomics64" : "-cuda_capability_" + std::to_string(capability)));
  Halide::Pipeline pipeline(emitter->result);
  schedule::addGpuPasses(emitter->nest, chosen, emitter->funcs, pipeline);
  if (capability == openCL)
    addOpenCLPasses(pipeline);
  Halide::Module module = pipeline.compile_to_module(emitter->arguments, kernel.getSymName().str(), target);

  DeviceCode code;
  code.schedule = chosen.print();
  for (const Halide::Buffer<> &buffer : module.buffers())
    if (buffer.name().find(language + "_gpu_source") != std::string::npos)
      code.ptx.assign(reinterpret_cast<const char *>(buffer.data()),
                      strnlen(reinterpret_cast<const char *>(buffer.data()), buffer.size_in_bytes()));
  Launch launch;
  for (const LoweredFunc &function : module.functions())
    function.body.accept(&launch);
  if (launch.calls.size() != 1 || code.ptx.empty())
    throw std::runtime_error("expected one launch, found " + std::to_string(launch.calls.size()));
  const Call &call = *launch.calls[0];
  Reader reader(launch.scopes[&call]);
  const auto *entry = reader.resolved(call.args.at(1)).as<StringImm>();
  if (!entry)
    throw std::runtime_error("its launch names no entry");
  code.entry = entry->value;
  for (int i = 0; i < 3; ++i) {
    code.grid[i] = reader.number(call.args.at(2 + i));
    code.block[i] = reader.number(call.args.at(5 + i));
  }
  code.shared = reader.number(call.args.at(8));
  std::map<std::string, int> operands;
  for (const Halide::Argument &argument : emitter->arguments)
    operands.emplace(argument.name, static_cast<int>(operands.size()));
  for (const Halide::OutputImageParam &buffer : emitter->result.output_buffers())
    operands.emplace(buffer.name(), static_cast<int>(operands.size()));
  std::vector<Expr> sizes = reader.members(call.args.at(9)), values = reader.members(call.args.at(10)),
                    areBuffers = reader.members(call.args.at(11));
  for (size_t i = 0; i < sizes.size() && reader.number(sizes[i]); ++i) {
    if (!reader.number(areBuffers.at(i)))
      throw std::runtime_error("its launch has an argument that is no buffer");
    auto found = operands.find(reader.buffer(values.at(i)));
    if (found == operands.end())
      throw std::runtime_error("its launch has an argument of an unknown name, " + reader.buffer(values.at(i)));
    code.arguments.push_back(found->second);
  }
  if (capability == openCL)
    finishOpenCL(code, kernel);
  else
    finishPtx(code, kernel, placement.overwrites);
  return code;
} catch (const Halide::Error &e) {
  throw std::runtime_error(e.what());
}
} // namespace kiln::lower
