#include "compiler/codegen/Object.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

namespace kiln::codegen {
namespace {
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machineFor(const Target &target) {
  static const bool once = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    return true;
  }();
  (void)once;
  std::string why;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(target.triple, why);
  if (!found)
    return llvm::createStringError("target %s: %s", target.name.c_str(), why.c_str());
  llvm::TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(target.triple, target.cpu, "", options, llvm::Reloc::PIC_,
                                                                         std::nullopt, llvm::CodeGenOptLevel::Default));
}
} // namespace

llvm::Expected<ProgramObject> compileObject(mlir::ModuleOp module, const Target &target) {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine = machineFor(target);
  if (!machine)
    return machine.takeError();
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> program = mlir::translateModuleToLLVMIR(module, context, "kiln");
  if (!program)
    return llvm::createStringError("the program does not translate to LLVM IR");
  program->setTargetTriple(target.triple);
  program->setDataLayout((*machine)->createDataLayout());
  program->setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::Function &function : *program)
    function.addFnAttr(llvm::Attribute::NoUnwind);
  ProgramObject result;
  llvm::raw_string_ostream(result.llvm) << *program;
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("target %s: LLVM cannot write objects for it", target.name.c_str());
  passes.run(*program);
  result.object.assign(object.begin(), object.end());
  return result;
}

int64_t loadedBytes(llvm::StringRef object) {
  auto parsed = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "object"));
  if (!parsed) {
    llvm::consumeError(parsed.takeError());
    return 0;
  }
  int64_t bytes = 0;
  for (const llvm::object::SectionRef &section : (*parsed)->sections())
    if (llvm::object::ELFSectionRef(section).getFlags() & llvm::ELF::SHF_ALLOC && !section.isBSS())
      bytes += static_cast<int64_t>(section.getSize());
  return bytes;
}

} // namespace kiln::codegen
