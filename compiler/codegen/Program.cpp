#include "compiler/codegen/Program.h"
#include "compiler/codegen/DeviceModel.h"
#include "compiler/codegen/Object.h"
#include "compiler/codegen/ProgramBody.h"
#include "compiler/codegen/ProgramModel.h"
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/Verifier.h"

namespace kiln::codegen {
using namespace mlir;

namespace {
Tensor rowOfBytes(StringRef name, Type type) { return {name.str(), KILN_U8, {bytesOf(type)}}; }

/// @init reads parameters and writes what is packed of them.
llvm::Expected<Signature> initSignature(ModuleOp module, func::FuncOp function) {
  Signature signature;
  for (const std::string &name : parametersUsed(function)) {
    auto parameter = module.lookupSymbol<ParameterOp>(name);
    if (!parameter)
      return llvm::createStringError("@%s uses parameter '%s', which the module lacks", function.getSymName().str().c_str(),
                                     name.c_str());
    signature.inputs.push_back(rowOfBytes(name, parameter.getType()));
  }
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    signature.outputs.push_back(rowOfBytes("packed" + std::to_string(i), function.getResultTypes()[i]));
  return signature;
}

bool same(const Signature &a, const Signature &b) {
  auto equal = [](const Tensor &x, const Tensor &y) { return x.name == y.name && x.dtype == y.dtype && x.shape == y.shape; };
  return llvm::equal(a.inputs, b.inputs, equal) && llvm::equal(a.outputs, b.outputs, equal) && a.tied == b.tied;
}

uint64_t moduleSize(ModuleOp module, StringRef name) {
  auto value = module->getAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : 0;
}

/// The card's tables; answers what the host needs for them.
llvm::Expected<Sizes> defineCard(ModuleOp program, const CardProgram &card, const Signature &signature, const Target &target) {
  ModuleOp planned = card.planned;
  auto function = planned.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return llvm::createStringError("what is planned for a card has no function 'main'");
  llvm::Expected<Signature> there = signatureOf(function);
  if (!there)
    return there.takeError();
  if (!same(*there, signature))
    return llvm::createStringError("the programs for the processor and for a card take or give different tensors");
  llvm::Expected<int64_t> onHost = defineDevice(program, function, card.kernels, target, moduleSize(planned, "kiln.arena_size"));
  if (!onHost)
    return onHost.takeError();
  return Sizes{static_cast<uint64_t>(*onHost), moduleSize(planned, "kiln.scratch_size")};
}
} // namespace

llvm::Expected<ProgramObject> compileProgram(ModuleOp planned, const Target &target, const ProgramOptions &options) {
  auto function = planned.lookupSymbol<func::FuncOp>(options.function);
  if (!function)
    return llvm::createStringError("the module has no function '%s'", options.function.c_str());
  llvm::Expected<Signature> signature = options.isInit ? initSignature(planned, function) : signatureOf(function);
  if (!signature)
    return signature.takeError();
  if (options.clock) {
    int64_t launches = 0;
    function.walk([&](Operation *op) { launches += isa<LaunchOp, RepeatOp>(op); });
    signature->outputs.push_back({"kiln.clock", KILN_I64, {launches + 1}});
  }
  planned.getContext()->loadDialect<LLVM::LLVMDialect>();
  OwningOpRef<ModuleOp> program = ModuleOp::create(UnknownLoc::get(planned.getContext()));
  std::string arena = options.function == "main" ? "kiln.arena_size" : "kiln." + options.function + "_arena_size";
  Sizes sizes{0, 0};
  bool onProcessor = !options.card || options.card->planned != planned;
  if (onProcessor) {
    if (llvm::Error error = defineBody(*program, function, options.isInit, options.clock))
      return error;
    sizes = {moduleSize(planned, arena), moduleSize(planned, "kiln.scratch_size")};
  }
  if (options.card) {
    llvm::Expected<Sizes> onHost = defineCard(*program, *options.card, *signature, target);
    if (!onHost)
      return onHost.takeError();
    sizes = {std::max(sizes.arena, onHost->arena), std::max(sizes.scratch, onHost->scratch)};
  }
  defineModel(*program, *signature, sizes, target, options, onProcessor, options.card ? StringRef(deviceSymbol) : StringRef());
  if (failed(verify(*program)))
    return llvm::createStringError("the program of '%s' does not verify", options.model.c_str());
  llvm::Expected<ProgramObject> object = compileObject(*program, target);
  if (!object)
    return object.takeError();
  object->signature = std::move(*signature);
  object->arena = sizes.arena;
  object->scratch = sizes.scratch;
  return object;
}

} // namespace kiln::codegen
