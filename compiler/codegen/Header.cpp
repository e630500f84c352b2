#include "compiler/codegen/Header.h"
#include "compiler/codegen/Embedded.h"
#include "runtime/core/model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

namespace kiln::codegen {
namespace {
/// A name as it may stand in a comment or a string.
std::string plain(llvm::StringRef name) {
  std::string text;
  for (char c : name)
    text += llvm::isPrint(c) && c != '*' && c != '"' && c != '\\' ? c : '?';
  return text;
}

std::string typeText(const Tensor &tensor) {
  std::string text = nameOf(tensor.dtype), separator = "[";
  for (int64_t extent : tensor.shape) {
    text += separator + std::to_string(extent);
    separator = ",";
  }
  return tensor.shape.empty() ? text : text + "]";
}

/// A parameter name for each tensor, none twice.
std::vector<std::string> parameterNames(const Signature &signature) {
  llvm::StringSet<> taken;
  taken.insert("context");
  std::vector<std::string> names;
  for (const std::vector<Tensor> *tensors : {&signature.inputs, &signature.outputs})
    for (const Tensor &tensor : *tensors) {
      std::string base = identifier(tensor.name), name = base;
      for (int i = 2; !taken.insert(name).second; ++i)
        name = base + "_" + std::to_string(i);
      names.push_back(name);
    }
  return names;
}

class HeaderWriter {
public:
  HeaderWriter(const HeaderFacts &facts, std::string &text)
      : facts(facts), out(text), prefix(facts.prefix), upper(llvm::StringRef(facts.prefix).upper()),
        names(parameterNames(facts.signature)) {}
  void write();

private:
  void sizes();
  void tensors(const char *kind, const std::vector<Tensor> &list, size_t first);
  std::string tied(size_t output) const;
  void prototypes();
  void call(const std::string &end, const char *pointers);
  void fill(const char *array, const std::vector<Tensor> &list, size_t first);

  const HeaderFacts &facts;
  llvm::raw_string_ostream out;
  std::string prefix, upper;
  std::vector<std::string> names;
};

std::string HeaderWriter::tied(size_t output) const {
  const Signature &signature = facts.signature;
  int32_t input = signature.tied.empty() ? -1 : signature.tied[output];
  return input < 0 ? "" : ", may have the memory of input '" + plain(signature.inputs[input].name) + "'";
}

void HeaderWriter::tensors(const char *kind, const std::vector<Tensor> &list, size_t first) {
  for (size_t i = 0; i < list.size(); ++i) {
    out << "/* " << kind << " " << i << ": '" << plain(list[i].name) << "', " << typeText(list[i]) << (first ? tied(i) : "")
        << " */\n";
    out << "#define " << upper << "_" << llvm::StringRef(names[first + i]).upper() << "_ELEMENTS "
        << list[i].bytes() / sizeOf(list[i].dtype) << "\n";
  }
}

void HeaderWriter::sizes() {
  uint64_t scratch = KILN_ALIGN(facts.scratch);
  out << "#define " << upper << "_INPUTS " << facts.signature.inputs.size() << "\n";
  out << "#define " << upper << "_OUTPUTS " << facts.signature.outputs.size() << "\n";
  out << "/* Bytes: a context's workspace with one thread, what each further thread adds, the weights. */\n";
  out << "#define " << upper << "_WORKSPACE_SIZE " << KILN_ALIGN(facts.arena) + scratch << "\n";
  out << "#define " << upper << "_WORKSPACE_PER_THREAD " << scratch << "\n";
  out << "#define " << upper << "_WEIGHTS_SIZE " << facts.weights << "\n";
  tensors("input", facts.signature.inputs, 0);
  tensors("output", facts.signature.outputs, facts.signature.inputs.size());
}

void HeaderWriter::prototypes() {
  out << "\nconst kiln_model_info *" << prefix << "_info(void);\n"
      << "kiln_status " << prefix << "_create(const kiln_options *options, kiln_context **context);\n"
      << "kiln_status " << prefix << "_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);\n"
      << "const char *" << prefix << "_message(const kiln_context *context);\n"
      << "void " << prefix << "_destroy(kiln_context *context);\n";
  if (facts.hasDevice)
    out << "kiln_status " << prefix << "_run_device(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);\n"
        << "const kiln_device *" << prefix << "_device(const kiln_context *context);\n";
}

void HeaderWriter::fill(const char *array, const std::vector<Tensor> &list, size_t first) {
  static const char *const constants[] = {"",         "KILN_F32", "KILN_F64", "KILN_F16", "KILN_BF16", "KILN_I8",  "KILN_I16",
                                          "KILN_I32", "KILN_I64", "KILN_U8",  "KILN_U16", "KILN_U32",  "KILN_U64", "KILN_BOOL"};
  for (size_t i = 0; i < list.size(); ++i) {
    std::string element = std::string("  ") + array + "[" + std::to_string(i) + "].";
    out << element << "data = (void *)" << names[first + i] << ";\n";
    out << element << "dtype = " << constants[list[i].dtype] << ";\n";
    out << element << "rank = " << list[i].shape.size() << ";\n";
    for (size_t d = 0; d < list[i].shape.size(); ++d)
      out << element << "shape[" << d << "] = " << list[i].shape[d] << ";\n";
  }
}

/// `end`: of the function that is called, behind "run".
void HeaderWriter::call(const std::string &end, const char *pointers) {
  const Signature &signature = facts.signature;
  size_t inputs = signature.inputs.size(), outputs = signature.outputs.size();
  out << "\n/* " << prefix << "_run" << end << " with a pointer " << pointers
      << "for each tensor: dense and row-major, of the shapes above. */\n";
  out << "static inline kiln_status " << prefix << "_call" << end << "(kiln_context *context";
  for (size_t i = 0; i < inputs; ++i)
    out << ", const " << cTypeOf(signature.inputs[i].dtype) << " *" << names[i];
  for (size_t i = 0; i < outputs; ++i)
    out << ", " << cTypeOf(signature.outputs[i].dtype) << " *" << names[inputs + i];
  out << ") {\n";
  // The arrays' names cannot meet a parameter's: those are in lower case.
  out << "  kiln_tensor IN[" << std::max<size_t>(1, inputs) << "], OUT[" << std::max<size_t>(1, outputs) << "];\n";
  fill("IN", signature.inputs, 0);
  fill("OUT", signature.outputs, inputs);
  out << "  return " << prefix << "_run" << end << "(context, IN, OUT);\n}\n";
}

void HeaderWriter::write() {
  out << "/* " << prefix << ".h: the C interface of the model '" << plain(facts.model) << "', made by kiln.\n"
      << " * First what all models have in common (kiln.h), then this model's sizes and functions. */\n"
      << "#ifndef KILN_MODEL_" << upper << "_H\n#define KILN_MODEL_" << upper << "_H\n\n"
      << interfaceHeader() << "\n"
      << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  sizes();
  prototypes();
  call("", "");
  if (facts.hasDevice)
    call("_device", "into the card's memory ");
  out << "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}
} // namespace

std::string identifier(llvm::StringRef name) {
  static const llvm::StringSet<> keywords = {
      "alignas", "alignof", "and",       "asm",      "auto",     "bool",     "break",     "case",     "catch",    "char",
      "class",   "const",   "continue",  "default",  "delete",   "do",       "double",    "else",     "enum",     "export",
      "extern",  "false",   "float",     "for",      "friend",   "goto",     "if",        "inline",   "int",      "long",
      "mutable", "new",     "not",       "nullptr",  "operator", "or",       "private",   "public",   "register", "restrict",
      "return",  "short",   "signed",    "sizeof",   "static",   "struct",   "switch",    "template", "this",     "throw",
      "true",    "try",     "typedef",   "typename", "union",    "unsigned", "using",     "virtual",  "void",     "volatile",
      "while",   "xor",     "namespace", "typeof",   "typeid",   "explicit", "protected", "requires", "concept"};
  std::string text;
  for (char c : name.lower())
    text += llvm::isAlnum(c) ? c : '_';
  if (text.empty() || llvm::isDigit(text[0]))
    text = "t" + text;
  return keywords.contains(text) ? text + "_" : text;
}

std::string headerText(const HeaderFacts &facts) {
  std::string text;
  HeaderWriter(facts, text).write();
  return text;
}

} // namespace kiln::codegen
