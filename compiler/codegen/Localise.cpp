#include "compiler/codegen/Localise.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/Binary.h"
#include "llvm/Support/raw_ostream.h"

namespace kiln::codegen {
namespace {
llvm::Error match(llvm::objcopy::NameMatcher &matcher, llvm::StringRef name) {
  return matcher.addMatcher(
      llvm::objcopy::NameOrPattern::create(name, llvm::objcopy::MatchStyle::Literal, [](llvm::Error error) { return error; }));
}
} // namespace

llvm::Error localise(const std::string &object, llvm::ArrayRef<std::string> keep, const std::string &output) {
  llvm::objcopy::ConfigManager config;
  config.Common.InputFilename = object;
  config.Common.OutputFilename = output;
  config.Common.StripDebug = true;
  config.Common.StripUnneeded = true; // what no relocation names
  for (const std::string &name : keep)
    if (llvm::Error error = match(config.Common.SymbolsToKeepGlobal, name))
      return error;
  for (const char *section : {".comment", ".llvm_addrsig", ".eh_frame", ".note.gnu.property"})
    if (llvm::Error error = match(config.Common.ToRemove, section))
      return error;
  auto binary = llvm::object::createBinary(object);
  if (!binary)
    return binary.takeError();
  std::error_code wrong;
  llvm::raw_fd_ostream stream(output, wrong);
  if (wrong)
    return llvm::createStringError("cannot write '%s': %s", output.c_str(), wrong.message().c_str());
  return llvm::objcopy::executeObjcopyOnBinary(config, *binary->getBinary(), stream);
}

} // namespace kiln::codegen
