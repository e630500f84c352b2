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

uint64_t moduleSize(ModuleOp module, StringRef name) {
  auto value = module->getAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : 0;
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
  Sizes sizes{moduleSize(planned, arena), moduleSize(planned, "kiln.scratch_size")};
  if (options.device) {
    llvm::Expected<int64_t> onHost = defineDevice(*program, function, *options.device, target, sizes.arena);
    if (!onHost)
      return onHost.takeError();
    sizes.arena = *onHost;
    defineModel(*program, *signature, sizes, target, options, /*hasBody=*/false, deviceSymbol);
  } else {
    if (llvm::Error error = defineBody(*program, function, options.isInit, options.clock))
      return error;
    defineModel(*program, *signature, sizes, target, options);
  }
  if (failed(verify(*program)))
    return llvm::createStringError("the program of '%s' does not verify", options.model.c_str());
  llvm::Expected<ProgramObject> object = compileObject(*program, target);
  if (object)
    object->signature = std::move(*signature);
  return object;
}

} // namespace kiln::codegen
